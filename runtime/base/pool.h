/* Threads that work on one thing together: parts of a matrix product, cells of an LSTM.
 *
 * A pool belongs to one thread at a time, which is worker 0 of it; the others are its own. They
 * wait for work awake for a few microseconds, since it comes in quick succession while a network
 * computes, and then asleep. They take no signals. A pool does not survive fork in the child.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_BASE_POOL_H
#define DSI_BASE_POOL_H

#include <dsinfer/status.h>

#include <stddef.h>

#define DSI_POOL_MAX_WORKERS 64

struct dsi_pool;

/* Starts n_workers - 1 threads; 1 to DSI_POOL_MAX_WORKERS. Fails with ERR_NO_MEMORY where the
 * system does not give as many, and then none is left. */
enum dsinfer_status dsi_pool_create(size_t n_workers, struct dsi_pool **out,
                                    struct dsinfer_error *err);

/* Joins the threads; takes NULL. */
void dsi_pool_destroy(struct dsi_pool *pool);

size_t dsi_pool_get_n_workers(const struct dsi_pool *pool); /* 1 for NULL */

/* Calls work(argument, w, n_workers) for each worker w, each on its thread, and returns when all
 * have returned; what one wrote is then seen by all. NULL is a pool of one. */
typedef void (*dsi_pool_work)(void *argument, size_t worker, size_t n_workers);
void dsi_pool_run(struct dsi_pool *pool, dsi_pool_work work, void *argument);

/* Within work: returns when every worker has called it as often; what they wrote before is seen by
 * all after. */
void dsi_pool_meet(struct dsi_pool *pool);

#endif
