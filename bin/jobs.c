/* Workers that take the next item as soon as they are done with one. Who ends the item that is next
 * to be told of tells of it and of those behind it that wait.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/jobs.h"
#include "bin/memory.h"

#include <pthread.h>
#include <stdlib.h>

struct queue {
    const struct cli_jobs *jobs;
    pthread_mutex_t mutex; /* of all below */
    size_t next;           /* item to be begun */
    size_t n_told;
    bool *is_done; /* [n_items] */
    bool is_ended; /* nothing more is begun */
    bool is_good;  /* all could be told so far */
};

struct worker {
    struct queue *queue;
    size_t number;
    pthread_t thread;
};

size_t cli_jobs_count(size_t n_jobs, size_t n_items) {
    const size_t n = n_jobs < n_items ? n_jobs : n_items;

    return n > 0 ? n : 1;
}

static bool take(struct queue *queue, size_t *item) {
    bool is_taken;

    pthread_mutex_lock(&queue->mutex);
    is_taken = !queue->is_ended && queue->next < queue->jobs->n_items;
    if (is_taken) {
        *item = queue->next++;
    }
    pthread_mutex_unlock(&queue->mutex);
    return is_taken;
}

static void end(struct queue *queue, size_t item, bool goes_on) {
    pthread_mutex_lock(&queue->mutex);
    queue->is_done[item] = true;
    while (queue->is_good && queue->n_told < queue->next && queue->is_done[queue->n_told]) {
        queue->is_good = queue->jobs->tell(queue->jobs->user, queue->n_told++);
    }
    queue->is_ended = queue->is_ended || !goes_on || !queue->is_good;
    pthread_mutex_unlock(&queue->mutex);
}

static void *work(void *user) {
    const struct worker *worker = user;
    const struct cli_jobs *jobs = worker->queue->jobs;
    size_t item;

    while (take(worker->queue, &item)) {
        end(worker->queue, item, jobs->work(jobs->user, worker->number, item));
    }
    return NULL;
}

bool cli_jobs_run(const struct cli_jobs *jobs) {
    struct queue queue = {.jobs = jobs, .is_good = true};
    struct worker *workers = cli_calloc(jobs->n_workers, sizeof(*workers));
    size_t n_started = 1; /* this thread */
    size_t i;

    queue.is_done = cli_calloc(jobs->n_items + 1, sizeof(*queue.is_done));
    pthread_mutex_init(&queue.mutex, NULL);
    for (i = 0; i < jobs->n_workers; i++) {
        workers[i] = (struct worker){.queue = &queue, .number = i};
    }
    while (n_started < jobs->n_workers &&
           pthread_create(&workers[n_started].thread, NULL, work, &workers[n_started]) == 0) {
        n_started++;
    }
    work(&workers[0]);
    for (i = 1; i < n_started; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    pthread_mutex_destroy(&queue.mutex);
    free(queue.is_done);
    free(workers);
    return queue.is_good;
}
