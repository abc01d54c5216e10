/* BlockLSTM, as TensorFlow 1.x computes it on a CPU.
 * Inputs  seq_len_max int64 scalar, x [T,N,I], cs_prev [N,C], h_prev [N,C], w [I+C,4C] (constant),
 *         peepholes wci, wcf, wco [C], b [4C]
 * Outputs i, cs, f, o, ci, co, h, each [T,N,C]; rows t >= seq_len_max are zero
 *   i  = σ(z_i + wci·cs_prev)   ci = tanh(z_ci)   f = σ(z_f + forget_bias + wcf·cs_prev)
 *   cs = ci·i + cs_prev·f, clipped to ±cell_clip where that is positive
 *   o  = σ(z_o + wco·cs)        co = tanh(cs)     h = o·co
 * The peepholes count only with the attribute use_peephole.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/ops/op_list.h"

#include "runtime/base/error.h"
#include "runtime/ops/lstm_util.h"
#include "runtime/ops/op_util.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { SEQ_LEN_MAX, X, CS_PREV, H_PREV, W, WCI, WCF, WCO, B, N_INPUTS };
enum { OUT_I, OUT_CS, OUT_F, OUT_O, OUT_CI, OUT_CO, OUT_H, N_OUTPUTS };

static const struct dsi_lstm_inputs which = {.x = X, .h = H_PREV, .c = CS_PREV, .w = W, .b = B};

static enum dsinfer_status infer_block_lstm(const struct dsi_node *node,
                                            const struct dsi_value_info *inputs,
                                            struct dsi_op_shapes *shapes,
                                            struct dsinfer_error *err) {
    struct dsi_lstm_sizes sizes;
    enum dsinfer_status status = dsi_lstm_infer(node, inputs, &which, &sizes, shapes, err);
    size_t i;

    if (status == DSINFER_OK) {
        status = dsi_op_check_type(node, inputs, SEQ_LEN_MAX, DSI_TYPE_BIT(DSI_DTYPE_I64), err);
    }
    if (status == DSINFER_OK) {
        status = dsi_op_check_rank(node, inputs, SEQ_LEN_MAX, 0, err);
    }
    for (i = WCI; status == DSINFER_OK && i <= WCO; i++) {
        const struct dsi_shape peephole = {.rank = 1, .dims = {(int64_t)sizes.n_cell}};

        status = dsi_op_check_floats(node, inputs, i, &peephole, err);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    shapes->n_outputs = N_OUTPUTS;
    for (i = 0; i < N_OUTPUTS; i++) {
        shapes->outputs[i].dtype = DSI_DTYPE_F32;
        shapes->outputs[i].shape = inputs[X].shape;
        shapes->outputs[i].shape.dims[2] = (int64_t)sizes.n_cell;
    }
    return DSINFER_OK;
}

static float sigmoid(float x) {
    return 1.0f / (1.0f + expf(-x));
}

/* One step of one stream: z is [4,C], c and h [C] are read as t-1 and left as t. Row `row` of every
 * wanted output is written. */
static void step(const struct dsi_op_call *call, size_t n_cell, const float *z, float *c, float *h,
                 size_t row) {
    const bool has_peephole = dsi_node_get_bool(call->node, "use_peephole", false);
    const float forget_bias = dsi_node_get_float(call->node, "forget_bias", 1.0f);
    const float clip = dsi_node_get_float(call->node, "cell_clip", 3.0f);
    const float *wci = (const void *)call->inputs[WCI].bytes.data;
    const float *wcf = (const void *)call->inputs[WCF].bytes.data;
    const float *wco = (const void *)call->inputs[WCO].bytes.data;
    size_t j, k;

    for (j = 0; j < n_cell; j++) {
        const float i = sigmoid(z[j] + (has_peephole ? wci[j] * c[j] : 0.0f));
        const float ci = tanhf(z[n_cell + j]);
        const float f =
            sigmoid(z[2 * n_cell + j] + forget_bias + (has_peephole ? wcf[j] * c[j] : 0.0f));
        const float sum = ci * i + c[j] * f;
        const float low = clip > 0.0f && sum < -clip ? -clip : sum;
        const float cs = clip > 0.0f && low > clip ? clip : low;
        const float o = sigmoid(z[3 * n_cell + j] + (has_peephole ? wco[j] * cs : 0.0f));
        const float co = tanhf(cs);
        const float results[N_OUTPUTS] = {i, cs, f, o, ci, co, o * co};

        c[j] = cs;
        h[j] = o * co;
        for (k = 0; k < N_OUTPUTS; k++) {
            if (call->outputs[k]) {
                ((float *)call->outputs[k])[row * n_cell + j] = results[k];
            }
        }
    }
}

static enum dsinfer_status run_block_lstm(const struct dsi_op_call *call,
                                          struct dsinfer_error *err) {
    const int64_t *x = call->inputs[X].shape.dims;
    const size_t n_streams = (size_t)x[1], n_cell = call->shapes->weights[1].k;
    const int64_t n_steps = dsi_tensor_get_int(&call->inputs[SEQ_LEN_MAX], 0);
    const size_t n_values = (size_t)x[0] * n_streams * n_cell;
    struct dsi_lstm_work work;
    size_t t, n, k;

    if (n_steps < 0 || n_steps > x[0]) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "node '%s': the longest length is %" PRId64
                        ", but must be in 0 to %" PRId64,
                        call->node->name, n_steps, x[0]);
    }
    for (k = 0; k < N_OUTPUTS; k++) {
        if (call->outputs[k]) {
            memset(call->outputs[k], 0, n_values * sizeof(float));
        }
    }
    dsi_lstm_begin(call, &which, (size_t)n_steps, &work);
    for (t = 0; t < (size_t)n_steps; t++) {
        const struct dsi_lstm_part all = {.t = t, .n_streams = n_streams, .n_cells = n_cell};

        dsi_lstm_add_recurrent(call, &work, work.h, &all);
        for (n = 0; n < n_streams; n++) {
            const size_t row = t * n_streams + n;

            step(call, n_cell, work.z + row * 4 * n_cell, work.c + n * n_cell, work.h + n * n_cell,
                 row);
        }
    }
    return DSINFER_OK;
}

const struct dsi_op dsi_op_block_lstm = {
    .name = "BlockLSTM",
    .min_inputs = N_INPUTS,
    .max_inputs = N_INPUTS,
    .is_costly = true,
    .infer = infer_block_lstm,
    .run = run_block_lstm,
};
