/* base: threads that work together.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/pool.h"

#include "runtime/base/alloc.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#define N_ROUNDS 2000

static struct dsi_pool *create(size_t n_workers) {
    struct dsinfer_error err = {0};
    struct dsi_pool *pool;

    if (dsi_pool_create(n_workers, &pool, &err) != DSINFER_OK) {
        fail_msg("%s", err.message);
    }
    return pool;
}

/* What the workers of a test share; only tables of its own worker are written by each. */
struct shared {
    struct dsi_pool *pool;
    size_t n_calls[DSI_POOL_MAX_WORKERS];
    size_t n_workers[DSI_POOL_MAX_WORKERS];
    size_t values[2][DSI_POOL_MAX_WORKERS];
    bool is_wrong[DSI_POOL_MAX_WORKERS];
};

static void count_call(void *argument, size_t worker, size_t n_workers) {
    struct shared *shared = argument;

    shared->n_calls[worker]++;
    shared->n_workers[worker] = n_workers;
}

static void every_worker_is_called_once_a_run(void **state) {
    static const size_t sizes[] = {1, 2, 3, 8, DSI_POOL_MAX_WORKERS};
    size_t i, k, round;

    (void)state;
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct shared shared = {.pool = create(sizes[i])};

        assert_int_equal(dsi_pool_get_n_workers(shared.pool), sizes[i]);
        for (round = 1; round <= 50; round++) {
            dsi_pool_run(shared.pool, count_call, &shared);
            for (k = 0; k < sizes[i]; k++) {
                assert_int_equal(shared.n_calls[k], round);
                assert_int_equal(shared.n_workers[k], sizes[i]);
            }
        }
        dsi_pool_destroy(shared.pool);
    }
}

static void no_pool_is_the_caller_alone(void **state) {
    struct shared shared = {0};

    (void)state;
    dsi_pool_run(NULL, count_call, &shared);
    dsi_pool_meet(NULL);
    assert_int_equal(shared.n_calls[0], 1);
    assert_int_equal(shared.n_workers[0], 1);
    assert_int_equal(dsi_pool_get_n_workers(NULL), 1);
    dsi_pool_destroy(NULL);
}

/* Each round reads what all others wrote in the one before, as the steps of an LSTM do. */
static void add_up(void *argument, size_t worker, size_t n_workers) {
    struct shared *shared = argument;
    size_t round, i;

    for (round = 0; round < N_ROUNDS; round++) {
        const size_t *before = shared->values[round % 2];

        for (i = 0; i < n_workers; i++) {
            shared->is_wrong[worker] |= before[i] != round;
        }
        shared->values[(round + 1) % 2][worker] = round + 1;
        dsi_pool_meet(shared->pool);
    }
}

static void who_has_met_sees_what_the_others_wrote(void **state) {
    static const size_t sizes[] = {1, 2, 3, 5};
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct shared shared = {.pool = create(sizes[i])};

        dsi_pool_run(shared.pool, add_up, &shared);
        for (k = 0; k < sizes[i]; k++) {
            assert_false(shared.is_wrong[k]);
            assert_int_equal(shared.values[N_ROUNDS % 2][k], N_ROUNDS);
        }
        dsi_pool_destroy(shared.pool);
    }
}

static double get_time_s(clockid_t clock) {
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void sleep_s(double seconds) {
    const struct timespec pause = {.tv_nsec = (long)(seconds * 1e9)};

    nanosleep(&pause, NULL);
}

/* Seven threads awake would use 0.2 s or more in 0.2 s. */
static void without_work_nobody_is_awake(void **state) {
    struct shared shared = {.pool = create(8)};
    double before_s;

    (void)state;
    dsi_pool_run(shared.pool, count_call, &shared);
    sleep_s(0.05);
    before_s = get_time_s(CLOCK_PROCESS_CPUTIME_ID);
    sleep_s(0.2);
    assert_true(get_time_s(CLOCK_PROCESS_CPUTIME_ID) - before_s < 0.02);
    dsi_pool_run(shared.pool, count_call, &shared); /* and they wake up */
    assert_int_equal(shared.n_calls[7], 2);
    dsi_pool_destroy(shared.pool);
}

static void arrive_late(void *argument, size_t worker, size_t n_workers) {
    struct shared *shared = argument;

    (void)n_workers;
    if (worker == 1) {
        sleep_s(0.02); /* the others have fallen asleep, the caller too */
    }
    dsi_pool_meet(shared->pool);
    shared->n_calls[worker]++;
}

static void who_waits_long_is_woken(void **state) {
    struct shared shared = {.pool = create(3)};
    int i;

    (void)state;
    for (i = 1; i <= 3; i++) {
        dsi_pool_run(shared.pool, arrive_late, &shared);
        assert_true(shared.n_calls[0] == (size_t)i && shared.n_calls[2] == (size_t)i);
    }
    dsi_pool_destroy(shared.pool);
}

static void look_for_signals(void *argument, size_t worker, size_t n_workers) {
    struct shared *shared = argument;
    sigset_t blocked;

    (void)n_workers;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    shared->values[0][worker] = (size_t)sigismember(&blocked, SIGINT);
}

/* A handler runs in a thread of the application, and interrupts what that waits for. */
static void workers_take_no_signals(void **state) {
    struct shared shared = {.pool = create(2)};

    (void)state;
    dsi_pool_run(shared.pool, look_for_signals, &shared);
    assert_int_equal(shared.values[0][0], 0);
    assert_int_equal(shared.values[0][1], 1);
    dsi_pool_destroy(shared.pool);
}

static void a_system_without_threads_is_told(void **state) {
    struct dsinfer_error err = {0};
    struct dsi_pool *pool = (struct dsi_pool *)&err;
    int i;

    (void)state;
    for (i = 0; i < 3; i++) {
        test_threads_left = i;
        assert_int_equal(dsi_pool_create(4, &pool, &err), DSINFER_ERR_NO_MEMORY);
        assert_null(pool);
        assert_non_null(strstr(err.message, "the system gives only"));
        assert_int_equal(err.message[strlen("the system gives only ")], '1' + i);
    }
    test_threads_left = 3;
    assert_int_equal(dsi_pool_create(4, &pool, &err), DSINFER_OK);
    dsi_pool_destroy(pool);
    test_threads_left = -1;
    dsi_alloc_fail_after(0);
    assert_int_equal(dsi_pool_create(2, &pool, &err), DSINFER_ERR_NO_MEMORY);
    dsi_alloc_fail_after(-1);
    assert_null(pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_worker_is_called_once_a_run),
        cmocka_unit_test(no_pool_is_the_caller_alone),
        cmocka_unit_test(who_has_met_sees_what_the_others_wrote),
        cmocka_unit_test(without_work_nobody_is_awake),
        cmocka_unit_test(who_waits_long_is_woken),
        cmocka_unit_test(workers_take_no_signals),
        cmocka_unit_test(a_system_without_threads_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
