/* Dictionaries: opening them, walking the automaton, making it from a list of nodes.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/dictionary.h"

#include "model/lm/index.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define STATE_SIZE DSI_DICTIONARY_STATE_SIZE
#define ARC_SIZE DSI_DICTIONARY_ARC_SIZE

/* Of version 1: magic and version. */
#define TEXT_HEAD "1414678853\n1\n"

/* Score of a prefix about which nothing is known. */
#define UNKNOWN_SCORE (-10.0f)

void dsi_dictionary_get_arcs(const struct dsi_dictionary *dictionary, uint32_t state,
                             uint32_t *first, uint32_t *end) {
    const uint8_t *record = dictionary->states + (size_t)STATE_SIZE * state;
    const uint32_t begin = dsi_load_u32(record + 4);
    const uint32_t n = dsi_load_u32(record + 8);
    const bool is_inside = (uint64_t)begin + n <= dictionary->info.n_arcs;

    *first = is_inside ? begin : 0;
    *end = is_inside ? begin + n : 0;
}

void dsi_dictionary_get_arc(const struct dsi_dictionary *dictionary, uint32_t arc, uint32_t *label,
                            uint32_t *next) {
    const uint8_t *record = dictionary->arcs + (size_t)ARC_SIZE * arc;

    *label = dsi_load_u32(record);
    *next = dsi_load_u32(record + 12);
}

/* The arc for stored label `label` (one more than the alphabet's). */
static bool find_arc(const struct dsi_dictionary *dictionary, uint32_t state, uint32_t label,
                     uint32_t *next) {
    uint32_t low, high;

    dsi_dictionary_get_arcs(dictionary, state, &low, &high);
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        uint32_t found, target;

        dsi_dictionary_get_arc(dictionary, middle, &found, &target);
        if (found == label) {
            *next = target;
            return target < dictionary->info.n_states;
        }
        if (found < label) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

bool dsi_dictionary_is_final(const struct dsi_dictionary *dictionary, uint32_t state) {
    const float weight = dsi_load_f32(dictionary->states + (size_t)STATE_SIZE * state);

    return !isinf(weight);
}

bool dsi_dictionary_find(const struct dsi_dictionary *dictionary, uint32_t state, uint32_t label,
                         uint32_t *next) {
    if (dictionary->info.is_anything) {
        *next = state;
        return true;
    }
    return find_arc(dictionary, state, label + 1, next);
}

uint64_t dsi_dictionary_get_followers(const struct dsi_dictionary *dictionary, uint32_t state,
                                      uint32_t space, size_t n_labels) {
    const uint64_t one = 1;
    uint64_t set = 0;
    bool is_word = false;
    uint32_t arc, end;

    dsi_dictionary_get_arcs(dictionary, state, &arc, &end);
    if (end - arc > n_labels) {
        end = arc + (uint32_t)n_labels;
    }
    for (; arc < end; arc++) {
        uint32_t label, next;

        dsi_dictionary_get_arc(dictionary, arc, &label, &next);
        label--;
        if (label >= n_labels || next >= dictionary->info.n_states) {
            continue;
        }
        if (label != space) {
            set |= one << label % 64;
        } else if (dictionary->ends_with_space) {
            is_word = dsi_dictionary_is_final(dictionary, next);
        }
    }
    if (space != UINT32_MAX &&
        (is_word || (!dictionary->ends_with_space && dsi_dictionary_is_final(dictionary, state)))) {
        set |= one << space % 64;
    }
    return set;
}

bool dsi_dictionary_is_word(const struct dsi_dictionary *dictionary, uint32_t state) {
    uint32_t end;

    if (dictionary->info.is_anything) {
        return true;
    }
    if (dictionary->ends_with_space) {
        return find_arc(dictionary, state, dictionary->space + 1, &end) &&
               dsi_dictionary_is_final(dictionary, end);
    }
    return dsi_dictionary_is_final(dictionary, state);
}

float dsi_dictionary_get_score(const struct dsi_dictionary *dictionary, uint32_t state) {
    return dictionary->scores ? dictionary->scores[state] : UNKNOWN_SCORE;
}

void dsi_dictionary_finish(struct dsi_dictionary *dictionary) {
    dsi_mapped_file_close(&dictionary->file);
    dsi_free(dictionary->memory);
    memset(dictionary, 0, sizeof(*dictionary));
}

/* Final weight as a file has it: 0, or infinity where no word ends. */
static void store_final(uint8_t *state, bool is_word) {
    dsi_store_u32(state, is_word ? 0 : DSI_DICTIONARY_NOT_FINAL);
}

enum dsinfer_status dsi_tree_add(struct dsi_tree *tree, struct dsi_tree_node node,
                                 struct dsinfer_error *err) {
    if (tree->n_nodes == tree->capacity) {
        const size_t capacity = tree->capacity ? (size_t)tree->capacity * 2 : 1024;
        void *nodes;

        if (capacity > DSI_DICTIONARY_MAX_STATES) {
            return dsi_fail(err, DSINFER_ERR_LIMIT,
                            "the dictionary has more than %" PRIu32 " prefixes",
                            DSI_DICTIONARY_MAX_STATES);
        }
        nodes = dsi_realloc(tree->nodes, capacity * sizeof(*tree->nodes));
        if (!nodes) {
            return dsi_fail_memory(err, capacity * sizeof(*tree->nodes));
        }
        tree->nodes = nodes;
        tree->capacity = (uint32_t)capacity;
    }
    tree->nodes[tree->n_nodes++] = node;
    return DSINFER_OK;
}

void dsi_tree_finish(struct dsi_tree *tree) {
    dsi_free(tree->nodes);
    memset(tree, 0, sizeof(*tree));
}

enum dsinfer_status dsi_dictionary_make(struct dsi_dictionary *dictionary,
                                        const struct dsi_tree *tree, struct dsinfer_error *err) {
    const struct dsi_tree_node *nodes = tree->nodes;
    const uint32_t n_nodes = tree->n_nodes;
    const size_t node_size = sizeof(float) + STATE_SIZE + ARC_SIZE;
    uint8_t *states, *arcs;
    uint32_t first = 0;
    float *scores;
    uint32_t i;

    dictionary->memory = dsi_calloc(n_nodes, node_size);
    if (!dictionary->memory) {
        return dsi_fail_memory(err, n_nodes * node_size);
    }
    scores = (float *)(void *)dictionary->memory;
    states = dictionary->memory + (size_t)n_nodes * sizeof(float);
    arcs = states + (size_t)n_nodes * STATE_SIZE;

    for (i = 1; i < n_nodes; i++) { /* count the arcs of every state, */
        uint8_t *parent = states + (size_t)STATE_SIZE * nodes[i].parent;

        dsi_store_u32(parent + 8, dsi_load_u32(parent + 8) + 1);
    }
    for (i = 0; i < n_nodes; i++) { /* give each its place, */
        uint8_t *state = states + (size_t)STATE_SIZE * i;
        const uint32_t n_arcs = dsi_load_u32(state + 8);

        store_final(state, nodes[i].is_word);
        dsi_store_u32(state + 4, first);
        dsi_store_u32(state + 8, 0);
        first += n_arcs;
        scores[i] = nodes[i].score;
    }
    for (i = 1; i < n_nodes; i++) { /* and fill it in. */
        uint8_t *parent = states + (size_t)STATE_SIZE * nodes[i].parent;
        const uint32_t n_arcs = dsi_load_u32(parent + 8);
        uint8_t *arc = arcs + (size_t)ARC_SIZE * (dsi_load_u32(parent + 4) + n_arcs);

        dsi_store_u32(arc, nodes[i].label + 1);
        dsi_store_u32(arc + 12, i);
        dsi_store_u32(parent + 8, n_arcs + 1);
    }

    dictionary->states = states;
    dictionary->arcs = arcs;
    dictionary->scores = scores;
    dictionary->start = 0;
    dictionary->info.n_states = n_nodes;
    dictionary->info.n_arcs = n_nodes - 1;
    dictionary->info.has_scores = true;
    return DSINFER_OK;
}

/* What follows magic and version in a file of version 3 to 5. */
static enum dsinfer_status read_automaton(struct dsi_dictionary *dictionary,
                                          struct dsi_cursor *cursor, uint32_t version,
                                          const struct dsi_alphabet *alphabet,
                                          struct dsinfer_error *err) {
    uint8_t flag;

    if (!dsi_cursor_read_u8(cursor, &flag)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the dictionary ends at byte %zu, in its header", cursor->bytes.size);
    }
    if (version == 5) {
        return dsi_dictionary_read_fst(dictionary, cursor, flag != 0, alphabet, err);
    }
    if (flag) {
        dictionary->info.is_anything = true;
        return DSINFER_OK;
    }
    return version == 3 ? dsi_fst_read_vector(dictionary, cursor, alphabet, err)
                        : dsi_dictionary_read_fst(dictionary, cursor, false, alphabet, err);
}

static bool is_text_trie(struct dsi_bytes bytes) {
    const size_t size = sizeof(TEXT_HEAD) - 1;

    return bytes.size >= size && memcmp(bytes.data, TEXT_HEAD, size) == 0;
}

bool dsi_dictionary_probe(struct dsi_bytes bytes) {
    return is_text_trie(bytes) ||
           (bytes.size >= 4 && dsi_load_u32(bytes.data) == DSI_DICTIONARY_MAGIC);
}

/* Reads magic and version; version 1 is text. */
static enum dsinfer_status read_version(struct dsi_cursor *cursor, uint32_t *version,
                                        struct dsinfer_error *err) {
    uint32_t magic;

    if (is_text_trie(cursor->bytes)) {
        (void)dsi_cursor_skip(cursor, sizeof(TEXT_HEAD) - 1);
        *version = 1;
        return DSINFER_OK;
    }
    if (!dsi_cursor_read_u32(cursor, &magic) || magic != DSI_DICTIONARY_MAGIC ||
        !dsi_cursor_read_u32(cursor, version)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "this is no trie: it does not begin with the number 1414678853");
    }
    if (*version < 2 || *version > 5) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "the trie has version %" PRIu32 ", but 1 (text) or 2 to 5 is needed",
                        *version);
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_dictionary_read(struct dsi_dictionary *dictionary, struct dsi_bytes bytes,
                                        const struct dsi_alphabet *alphabet,
                                        struct dsinfer_error *err) {
    static const char *const formats[] = {
        "trie version 1", "trie version 2", "trie version 3", "trie version 4", "trie version 5",
    };
    struct dsi_dictionary made = {.start = 0};
    enum dsinfer_status status;
    struct dsi_cursor cursor;
    uint32_t version;

    memset(dictionary, 0, sizeof(*dictionary));
    dsi_cursor_init(&cursor, bytes);
    status = read_version(&cursor, &version, err);
    if (status != DSINFER_OK) {
        return status;
    }
    made.info.format = formats[version - 1];
    if (version >= 3) {
        status = read_automaton(&made, &cursor, version, alphabet, err);
    } else {
        struct dsi_bytes rest;

        (void)dsi_cursor_read_bytes(&cursor, dsi_cursor_get_rest(&cursor), &rest);
        status = dsi_prefix_tree_read(&made, rest, version == 1, alphabet, err);
    }
    if (status != DSINFER_OK) {
        dsi_dictionary_finish(&made);
        return status;
    }
    *dictionary = made;
    return DSINFER_OK;
}

enum dsinfer_status dsi_dictionary_open(struct dsi_dictionary *dictionary, const char *path,
                                        const struct dsi_alphabet *alphabet,
                                        struct dsinfer_error *err) {
    struct dsi_mapped_file file;
    enum dsinfer_status status;

    memset(dictionary, 0, sizeof(*dictionary));
    status = dsi_mapped_file_open(&file, path, err);
    if (status == DSINFER_OK) {
        status = dsi_dictionary_read(dictionary, file.bytes, alphabet, err);
    }
    if (status != DSINFER_OK || dictionary->memory || dictionary->info.is_anything) {
        dsi_mapped_file_close(&file); /* what was built needs it no more */
    } else {
        dictionary->file = file;
    }
    return status;
}
