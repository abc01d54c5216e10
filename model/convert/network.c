/* From the graph of a file to the network that runs: the passes in their order.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/convert/convert.h"

#include "runtime/base/error.h"

/* Where a file leaves N or T open, the passes look at it with these: numbers that no dimension of a
 * network has by accident. */
#define PROBE_N_STREAMS 3
#define PROBE_N_STEPS 11

static struct dsi_convert_sizes choose_sizes(const struct dsi_signature *signature) {
    struct dsi_convert_sizes sizes = {signature->n_streams, signature->n_steps};

    if (sizes.n_streams < 1) {
        sizes.n_streams = PROBE_N_STREAMS;
    }
    if (sizes.n_steps < 1) {
        sizes.n_steps = PROBE_N_STEPS;
    }
    return sizes;
}

/* What every pass ends with. */
static enum dsinfer_status end_pass(const struct dsi_convert_watch *watch, const char *pass,
                                    const struct dsi_graph *graph, enum dsinfer_status status,
                                    struct dsinfer_error *err) {
    if (status == DSINFER_OK) {
        status = dsi_graph_verify(graph, err);
    }
    if (status == DSINFER_OK && watch) {
        watch->see(watch->user, pass, graph);
    }
    return status;
}

static enum dsinfer_status cut(const struct dsi_graph *graph, const struct dsi_signature *signature,
                               const struct dsi_convert_watch *watch, struct dsi_graph *network,
                               struct dsinfer_error *err) {
    enum dsinfer_status status = dsi_graph_copy(graph, network, err);

    if (status == DSINFER_OK) {
        status =
            end_pass(watch, "cut", network, dsi_convert_cut_roles(network, signature, err), err);
    }
    if (status == DSINFER_OK) {
        status = end_pass(watch, "prune", network, dsi_convert_prune(network, err), err);
    }
    return status;
}

static enum dsinfer_status fuse(struct dsi_graph *network, const struct dsi_signature *signature,
                                const struct dsi_kernels *kernels,
                                const struct dsi_convert_watch *watch, bool *is_fused,
                                struct dsinfer_error *err) {
    const struct dsi_convert_sizes sizes = choose_sizes(signature);
    const int64_t windows[] = {sizes.n_streams, sizes.n_steps,
                               (int64_t)(2 * signature->n_context + 1),
                               (int64_t)signature->n_features};
    const int64_t state[] = {sizes.n_streams, (int64_t)signature->n_cell};
    const struct dsi_shape shapes[] = {dsi_shape_make(4, windows), dsi_shape_make(2, state),
                                       dsi_shape_make(2, state), dsi_shape_make(1, state)};
    enum dsinfer_status status;

    *is_fused = false;
    status = end_pass(watch, "fold constants", network,
                      dsi_convert_fold(network, shapes, kernels, err), err);
    if (status == DSINFER_OK) {
        status = end_pass(watch, "recognise dense layers", network,
                          dsi_convert_fuse_dense(network, err), err);
    }
    if (status == DSINFER_OK && signature->is_bidirectional) {
        *is_fused = true; /* its reader makes no other LSTMs than these */
    } else if (status == DSINFER_OK) {
        status = end_pass(watch, "recognise BlockLSTM", network,
                          dsi_convert_fuse_lstm(network, &sizes, is_fused, err), err);
    }
    if (status == DSINFER_OK && *is_fused) {
        status = end_pass(watch, "free streams and steps", network,
                          dsi_convert_free_rows(network, &sizes, is_fused, err), err);
    }
    return status;
}

enum dsinfer_status
dsi_convert_network(const struct dsi_graph *graph, const struct dsi_signature *signature,
                    const struct dsi_kernels *kernels, const struct dsi_convert_watch *watch,
                    struct dsi_graph *network, bool *is_fused, struct dsinfer_error *err) {
    enum dsinfer_status status;

    dsi_graph_init(network);
    status = cut(graph, signature, watch, network, err);
    if (status == DSINFER_OK) {
        status = fuse(network, signature, kernels, watch, is_fused, err);
    }
    if (status == DSINFER_OK && !*is_fused) { /* back to the graph before the passes */
        dsi_graph_finish(network);
        status = cut(graph, signature, NULL, network, err);
    }
    if (status != DSINFER_OK) {
        dsi_graph_finish(network);
    }
    return status;
}
