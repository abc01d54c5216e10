/* What tells a model from others.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/model.h"

#include "runtime/base/hash.h"

static uint64_t hash_floats(uint64_t hash, const float *values, size_t n) {
    size_t i;

    for (i = 0; values && i < n; i++) {
        hash = dsi_hash_double(hash, (double)values[i]);
    }
    return hash;
}

static uint64_t hash_stored(uint64_t hash, const struct dsi_stored_matrix *stored,
                            const struct dsi_mapped_file *file) {
    size_t i;

    for (i = 0; i < stored->n_blocks; i++) {
        const struct dsi_stored_block *block = &stored->blocks[i];

        hash = dsi_hash_number(hash, block->place.row);
        hash = dsi_hash_number(hash, block->place.column);
        hash = dsi_hash_number(hash, (uint64_t)block->type);
        hash = dsi_hash_compute(hash, block->bytes.data, block->bytes.size);
        dsi_mapped_file_drop(file, block->bytes);
        hash = hash_floats(hash, block->zeros, block->place.n_columns);
        hash = hash_floats(hash, block->scales, block->place.n_columns);
    }
    return hash;
}

static uint64_t hash_constant(const struct dsi_tensor *value) {
    uint64_t hash = dsi_hash_number(0, (uint64_t)value->dtype);
    size_t i;

    for (i = 0; i < value->shape.rank; i++) {
        hash = dsi_hash_number(hash, (uint64_t)value->shape.dims[i]);
    }
    if (value->stored) {
        return hash_stored(hash, value->stored, value->file);
    }
    hash = dsi_hash_compute(hash, value->bytes.data, value->bytes.size);
    dsi_mapped_file_drop(value->file, value->bytes);
    return hash;
}

uint64_t dsi_model_get_fingerprint(struct dsinfer_model *model) {
    const struct dsinfer_model_info *info = &model->info;
    uint64_t hash = atomic_load_explicit(&model->fingerprint, memory_order_relaxed);
    uint64_t sum = 0;
    size_t i;

    if (hash != 0) {
        return hash;
    }
    for (i = 0; i < model->graph.n_nodes; i++) {
        if (dsi_node_is_op(&model->graph.nodes[i], "Const")) {
            sum += hash_constant(&model->graph.nodes[i].value);
        }
    }
    hash = dsi_hash_number(sum, (uint64_t)info->family);
    hash = dsi_hash_number(hash, info->sample_rate);
    hash = dsi_hash_number(hash, info->window);
    hash = dsi_hash_number(hash, info->step);
    hash = dsi_hash_number(hash, info->n_features);
    hash = dsi_hash_number(hash, info->n_context);
    hash = dsi_hash_number(hash, info->n_cell);
    hash = dsi_hash_number(hash, info->n_labels);
    hash += hash == 0;
    atomic_store_explicit(&model->fingerprint, hash, memory_order_relaxed);
    return hash;
}
