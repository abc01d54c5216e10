/* The smallest automaton of a tree of words: states from which the same endings lead are merged,
 * leaves first, by a table of those met so far.
 *
 * Where words end with a space, a word is an arc of the space to the one final state.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/dictionary.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <string.h>

#define STATE_SIZE DSI_DICTIONARY_STATE_SIZE
#define ARC_SIZE DSI_DICTIONARY_ARC_SIZE

struct merged_arc {
    uint32_t label, next; /* one more than the alphabet's; a merged state */
};

struct merged_state {
    uint32_t first, n_arcs;
    bool is_final;
};

struct minimiser {
    const struct dsi_dictionary *tree;
    uint32_t space;              /* label + 1; 0: words end with a final state of their own */
    uint32_t *classes;           /* owned; the merged state of each state of the tree */
    struct merged_state *states; /* owned; leaves before what leads to them */
    struct merged_arc *arcs;     /* owned */
    uint32_t *buckets;           /* owned; merged states + 1 by their hash; 0: free */
    uint32_t n_states, n_arcs;
    size_t n_buckets; /* a power of two */
};

static uint64_t hash_state(const struct minimiser *m, const struct merged_state *state) {
    const uint64_t prime = UINT64_C(0x100000001b3);
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ state->is_final;
    uint32_t i;

    for (i = 0; i < state->n_arcs; i++) {
        hash = (hash ^ m->arcs[state->first + i].label) * prime;
        hash = (hash ^ m->arcs[state->first + i].next) * prime;
    }
    return hash ^ (hash >> 32);
}

static bool is_same(const struct minimiser *m, const struct merged_state *a,
                    const struct merged_state *b) {
    return a->is_final == b->is_final && a->n_arcs == b->n_arcs &&
           memcmp(m->arcs + a->first, m->arcs + b->first, a->n_arcs * sizeof(*m->arcs)) == 0;
}

/* The number of the merged state that begins at arc `first`: an earlier one, whose arcs then serve
 * for it, or a new one. */
static uint32_t merge(struct minimiser *m, uint32_t first, bool is_final) {
    const struct merged_state state = {first, m->n_arcs - first, is_final};
    size_t bucket = (size_t)hash_state(m, &state) & (m->n_buckets - 1);

    while (m->buckets[bucket]) {
        const uint32_t found = m->buckets[bucket] - 1;

        if (is_same(m, &m->states[found], &state)) {
            m->n_arcs = first;
            return found;
        }
        bucket = (bucket + 1) & (m->n_buckets - 1);
    }
    m->states[m->n_states] = state;
    m->buckets[bucket] = ++m->n_states;
    return m->n_states - 1;
}

/* Merges one state of the tree, whose children are merged. */
static uint32_t merge_tree_state(struct minimiser *m, uint32_t state) {
    const bool is_word = dsi_dictionary_is_final(m->tree, state);
    bool needs_space = m->space && is_word;
    const uint32_t begin = m->n_arcs;
    uint32_t first, end, i;

    dsi_dictionary_get_arcs(m->tree, state, &first, &end);
    for (i = first; i < end || needs_space; i++) {
        uint32_t label = UINT32_MAX;
        uint32_t next = 0;

        if (i < end) {
            dsi_dictionary_get_arc(m->tree, i, &label, &next);
        }
        if (needs_space && m->space < label) {
            m->arcs[m->n_arcs++] = (struct merged_arc){m->space, 0};
            needs_space = false;
        }
        if (i < end) {
            m->arcs[m->n_arcs++] = (struct merged_arc){label, m->classes[next]};
        }
    }
    return merge(m, begin, is_word && !m->space);
}

static enum dsinfer_status allocate(struct minimiser *m, struct dsinfer_error *err) {
    const size_t n = m->tree->info.n_states;

    m->n_buckets = 4;
    while (m->n_buckets < 2 * n + 2) {
        m->n_buckets *= 2;
    }
    m->classes = dsi_calloc(n, sizeof(*m->classes));
    m->states = dsi_calloc(n + 1, sizeof(*m->states));
    m->arcs = dsi_calloc(2 * n + 1, sizeof(*m->arcs)); /* one into each state, a space from each */
    m->buckets = dsi_calloc(m->n_buckets, sizeof(*m->buckets));
    if (!m->classes || !m->states || !m->arcs || !m->buckets) {
        return dsi_fail_memory(err, m->n_buckets * sizeof(*m->buckets));
    }
    return DSINFER_OK;
}

/* Writes the merged states in the layout of a dictionary, the start first. */
static enum dsinfer_status write_states(const struct minimiser *m, struct dsi_dictionary *dag,
                                        struct dsinfer_error *err) {
    const size_t states_size = (size_t)m->n_states * STATE_SIZE;
    const size_t size = states_size + (size_t)m->n_arcs * ARC_SIZE;
    uint32_t n_arcs = 0;
    uint32_t i, j;

    dag->memory = dsi_calloc(1, size);
    if (!dag->memory) {
        return dsi_fail_memory(err, size);
    }
    for (i = 0; i < m->n_states; i++) {
        const struct merged_state *state = &m->states[m->n_states - 1 - i];
        uint8_t *record = dag->memory + (size_t)i * STATE_SIZE;

        dsi_store_u32(record, state->is_final ? 0 : DSI_DICTIONARY_NOT_FINAL);
        dsi_store_u32(record + 4, n_arcs);
        dsi_store_u32(record + 8, state->n_arcs);
        for (j = 0; j < state->n_arcs; j++) {
            const struct merged_arc *arc = &m->arcs[state->first + j];
            uint8_t *bytes = dag->memory + states_size + (size_t)n_arcs++ * ARC_SIZE;

            dsi_store_u32(bytes, arc->label);
            dsi_store_u32(bytes + 4, arc->label);
            dsi_store_u32(bytes + 12, m->n_states - 1 - arc->next);
        }
    }
    dag->states = dag->memory;
    dag->arcs = dag->memory + states_size;
    dag->start = 0;
    dag->info.n_states = m->n_states;
    dag->info.n_arcs = m->n_arcs;
    return DSINFER_OK;
}

enum dsinfer_status dsi_dictionary_minimise(const struct dsi_dictionary *tree,
                                            const struct dsi_alphabet *alphabet,
                                            struct dsi_dictionary *dag, struct dsinfer_error *err) {
    struct minimiser m = {.tree = tree, .space = alphabet ? alphabet->space + 1 : 0};
    enum dsinfer_status status = allocate(&m, err);
    uint32_t i;

    memset(dag, 0, sizeof(*dag));
    if (status == DSINFER_OK) {
        if (m.space) {
            (void)merge(&m, 0, true); /* the final state: number 0 */
        }
        for (i = tree->info.n_states; i > 0; i--) {
            m.classes[i - 1] = merge_tree_state(&m, i - 1);
        }
        status = write_states(&m, dag, err);
    }
    if (status == DSINFER_OK) {
        dag->info.format = tree->info.format;
        dag->info.is_bytes = !alphabet;
        dag->ends_with_space = m.space != 0;
        dag->space = m.space ? m.space - 1 : 0;
    }
    dsi_free(m.classes);
    dsi_free(m.states);
    dsi_free(m.arcs);
    dsi_free(m.buckets);
    return status;
}
