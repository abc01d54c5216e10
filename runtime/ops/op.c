/* The list of ops.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/ops/op.h"

#include "runtime/ops/op_list.h"

#include <string.h>

static const struct dsi_op *const ops[] = {
    &dsi_op_add,
    &dsi_op_add_v2,
    &dsi_op_audio_spectrogram,
    &dsi_op_bias_add,
    &dsi_op_block_lstm,
    &dsi_op_cast,
    &dsi_op_concat,
    &dsi_op_dense,
    &dsi_op_expand_dims,
    &dsi_op_fill,
    &dsi_op_gather,
    &dsi_op_gather_nd,
    &dsi_op_gather_v2,
    &dsi_op_identity,
    &dsi_op_less,
    &dsi_op_lstm,
    &dsi_op_matmul,
    &dsi_op_max,
    &dsi_op_mfcc,
    &dsi_op_minimum,
    &dsi_op_mul,
    &dsi_op_pack,
    &dsi_op_range,
    &dsi_op_relu,
    &dsi_op_reshape,
    &dsi_op_reverse_sequence,
    &dsi_op_shape,
    &dsi_op_softmax,
    &dsi_op_squeeze,
    &dsi_op_strided_slice,
    &dsi_op_tile,
    &dsi_op_transpose,
};

const struct dsi_op *dsi_op_find(const char *name) {
    size_t i;

    for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        if (strcmp(ops[i]->name, name) == 0) {
            return ops[i];
        }
    }
    return NULL;
}
