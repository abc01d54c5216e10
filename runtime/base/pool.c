/* One generation counter tells workers of new work, one lets them meet; both are waited for in the
 * same way: awake, then asleep.
 *
 * Who sleeps counts itself before it looks at the counter for the last time, and who moves a
 * counter on looks for sleepers afterwards, both in sequentially consistent order: one of the two
 * sees the other.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/pool.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Looks at a counter before sleep: 10 to 100 microseconds. */
#define N_LOOKS 1000

/* Keeps what each worker writes off the others' cache lines. */
#define LINE DSI_ALIGNMENT

struct worker {
    struct dsi_pool *pool; /* borrowed */
    size_t index;
    pthread_t thread;
};

struct dsi_pool {
    atomic_uint generation; /* of work */
    char gap[LINE - sizeof(atomic_uint)];
    atomic_uint n_arrived; /* at the current meeting */
    atomic_uint n_meetings;
    char another_gap[LINE - 2 * sizeof(atomic_uint)];

    dsi_pool_work work; /* NULL: the end */
    void *argument;

    atomic_uint n_sleepers;
    pthread_mutex_t mutex; /* of sleepers */
    pthread_cond_t moved;
    size_t n_workers;
    size_t n_started;        /* of workers */
    struct worker workers[]; /* [n_workers - 1]: number i + 1 of the pool */
};

#if defined(__SSE2__)
static void relax(void) {
    _mm_pause();
}
#else
static void relax(void) {
}
#endif

/* Returns when the counter is no longer `value`. */
static void wait_for(struct dsi_pool *pool, atomic_uint *counter, unsigned value) {
    int i;

    for (i = 0; i < N_LOOKS; i++) {
        if (atomic_load_explicit(counter, memory_order_acquire) != value) {
            return;
        }
        relax();
    }
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->n_sleepers, 1);
    while (atomic_load(counter) == value) {
        pthread_cond_wait(&pool->moved, &pool->mutex);
    }
    atomic_fetch_sub(&pool->n_sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
}

static void move_on(struct dsi_pool *pool, atomic_uint *counter) {
    atomic_fetch_add(counter, 1);
    if (atomic_load(&pool->n_sleepers) > 0) {
        pthread_mutex_lock(&pool->mutex); /* nobody is between looking and sleeping */
        pthread_cond_broadcast(&pool->moved);
        pthread_mutex_unlock(&pool->mutex);
    }
}

void dsi_pool_meet(struct dsi_pool *pool) {
    unsigned meeting;

    if (!pool) {
        return;
    }
    meeting = atomic_load_explicit(&pool->n_meetings, memory_order_relaxed);
    if (atomic_fetch_add(&pool->n_arrived, 1) + 1 == pool->n_workers) {
        atomic_store_explicit(&pool->n_arrived, 0, memory_order_relaxed);
        move_on(pool, &pool->n_meetings);
    } else {
        wait_for(pool, &pool->n_meetings, meeting);
    }
}

static void *run_worker(void *argument) {
    const struct worker *worker = argument;
    struct dsi_pool *pool = worker->pool;
    unsigned generation = 0;

    for (;;) {
        wait_for(pool, &pool->generation, generation);
        generation++;
        if (!pool->work) {
            return NULL;
        }
        pool->work(pool->argument, worker->index, pool->n_workers);
        dsi_pool_meet(pool);
    }
}

void dsi_pool_run(struct dsi_pool *pool, dsi_pool_work work, void *argument) {
    if (!pool) {
        work(argument, 0, 1);
        return;
    }
    pool->work = work;
    pool->argument = argument;
    move_on(pool, &pool->generation);
    work(argument, 0, pool->n_workers);
    dsi_pool_meet(pool);
}

size_t dsi_pool_get_n_workers(const struct dsi_pool *pool) {
    return pool ? pool->n_workers : 1;
}

/* Signals are for the application's threads. */
static enum dsinfer_status start(struct dsi_pool *pool, struct dsinfer_error *err) {
    sigset_t all, before;
    int failure = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (failure == 0 && pool->n_started < pool->n_workers - 1) {
        struct worker *worker = &pool->workers[pool->n_started];

        *worker = (struct worker){.pool = pool, .index = pool->n_started + 1};
        failure = pthread_create(&worker->thread, NULL, run_worker, worker);
        pool->n_started += failure == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure == 0 ? DSINFER_OK
                        : dsi_fail(err, DSINFER_ERR_NO_MEMORY,
                                   "the system gives only %zu of %zu threads (error %d)",
                                   pool->n_started + 1, pool->n_workers, failure);
}

enum dsinfer_status dsi_pool_create(size_t n_workers, struct dsi_pool **out,
                                    struct dsinfer_error *err) {
    const size_t size = sizeof(struct dsi_pool) + (n_workers - 1) * sizeof(struct worker);
    struct dsi_pool *pool = dsi_malloc_aligned(size);
    enum dsinfer_status status;

    assert(n_workers >= 1 && n_workers <= DSI_POOL_MAX_WORKERS);
    *out = NULL;
    if (!pool) {
        return dsi_fail_memory(err, size);
    }
    *pool = (struct dsi_pool){.n_workers = n_workers};
    if (pthread_mutex_init(&pool->mutex, NULL) != 0) {
        dsi_free(pool);
        return dsi_fail(err, DSINFER_ERR_NO_MEMORY, "the system gives no mutex");
    }
    if (pthread_cond_init(&pool->moved, NULL) != 0) {
        pthread_mutex_destroy(&pool->mutex);
        dsi_free(pool);
        return dsi_fail(err, DSINFER_ERR_NO_MEMORY, "the system gives no condition variable");
    }
    status = start(pool, err);
    if (status == DSINFER_OK) {
        *out = pool;
    } else {
        dsi_pool_destroy(pool);
    }
    return status;
}

void dsi_pool_destroy(struct dsi_pool *pool) {
    size_t i;

    if (!pool) {
        return;
    }
    pool->work = NULL;
    move_on(pool, &pool->generation);
    for (i = 0; i < pool->n_started; i++) {
        pthread_join(pool->workers[i].thread, NULL);
    }
    pthread_cond_destroy(&pool->moved);
    pthread_mutex_destroy(&pool->mutex);
    dsi_free(pool);
}
