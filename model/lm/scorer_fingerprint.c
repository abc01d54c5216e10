/* What tells a scorer from others.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/scorer.h"

#include "runtime/base/hash.h"

static uint64_t hash_bytes(uint64_t hash, struct dsi_bytes bytes) {
    return bytes.data ? dsi_hash_sample(hash, bytes.data, bytes.size) : hash;
}

/* A dictionary is in the scorer's own file, in a file of its own, or made. */
static uint64_t hash_dictionary(uint64_t hash, const struct dsi_dictionary *dictionary) {
    const struct dsi_dictionary_info *info = &dictionary->info;

    hash = dsi_hash_number(hash, info->n_states);
    hash = dsi_hash_number(hash, info->n_arcs);
    hash = dsi_hash_number(hash, info->is_anything);
    if (dictionary->memory) {
        hash = dsi_hash_sample(hash, dictionary->states,
                               (size_t)info->n_states * DSI_DICTIONARY_STATE_SIZE);
        hash =
            dsi_hash_sample(hash, dictionary->arcs, (size_t)info->n_arcs * DSI_DICTIONARY_ARC_SIZE);
    }
    return hash_bytes(hash, dictionary->file.bytes);
}

uint64_t dsi_scorer_get_fingerprint(struct dsinfer_scorer *scorer) {
    uint64_t hash = atomic_load_explicit(&scorer->fingerprint, memory_order_relaxed);

    if (hash == 0) {
        hash = hash_bytes(1, scorer->file.bytes);
        hash = dsi_hash_number(hash, scorer->is_bytes);
        if (scorer->has_dictionary) {
            hash = hash_dictionary(hash, &scorer->dictionary);
        }
        hash += hash == 0;
        atomic_store_explicit(&scorer->fingerprint, hash, memory_order_relaxed);
    }
    return hash;
}
