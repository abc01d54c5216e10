/* OpenFST's files, as OpenFST 1.6 writes them.
 *
 *   i32 magic; i32 n, fst type ("vector", "const"); i32 n, arc type ("standard"); i32 version;
 *   i32 flags (1, 2: symbol tables; 4: aligned); u64 properties; i64 start; i64 states; i64 arcs
 *   const:  [zeros to a multiple of 16] states of 20 bytes [zeros to 16] arcs of 16 bytes
 *   vector: for each state f32 final weight, i64 n, then n arcs of 16 bytes
 * Layouts of state and arc: dictionary.h.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/dictionary.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <string.h>

#define MAGIC 2125659606U
#define FLAG_SYMBOLS 3U
#define FLAG_ALIGNED 4U
#define STATE_SIZE 20
#define ARC_SIZE 16

struct header {
    uint32_t flags;
    uint64_t start, n_states, n_arcs;
};

static enum dsinfer_status fail_short(const struct dsi_cursor *cursor, const char *what,
                                      struct dsinfer_error *err) {
    return dsi_fail(err, DSINFER_ERR_MALFORMED,
                    "the dictionary is cut: its %s begin at byte %zu and go beyond the end at %zu",
                    what, cursor->position, cursor->bytes.size);
}

/* A counted string that must be `expected`. */
static bool read_name(struct dsi_cursor *cursor, const char *expected) {
    const size_t size = strlen(expected);
    struct dsi_bytes name;
    uint32_t length;

    return dsi_cursor_read_u32(cursor, &length) && length == size &&
           dsi_cursor_read_bytes(cursor, length, &name) && memcmp(name.data, expected, size) == 0;
}

static enum dsinfer_status read_header(struct dsi_cursor *cursor, const char *type,
                                       struct header *header, struct dsinfer_error *err) {
    const size_t position = cursor->position;
    uint32_t magic, version;
    uint64_t properties;

    if (!dsi_cursor_read_u32(cursor, &magic) || magic != MAGIC || !read_name(cursor, type) ||
        !read_name(cursor, "standard")) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "no automaton of type \"%s\" with \"standard\" arcs is at byte %zu", type,
                        position);
    }
    if (!dsi_cursor_read_u32(cursor, &version) || !dsi_cursor_read_u32(cursor, &header->flags) ||
        !dsi_cursor_read_u64(cursor, &properties) || !dsi_cursor_read_u64(cursor, &header->start) ||
        !dsi_cursor_read_u64(cursor, &header->n_states) ||
        !dsi_cursor_read_u64(cursor, &header->n_arcs)) {
        return fail_short(cursor, "header", err);
    }
    if (header->flags & FLAG_SYMBOLS) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED, "the automaton has tables of symbols");
    }
    if (header->n_states == 0 || header->n_states > DSI_DICTIONARY_MAX_STATES ||
        header->n_arcs > UINT32_MAX || header->start >= header->n_states) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the automaton has %llu states, %llu arcs and starts at %llu",
                        (unsigned long long)header->n_states, (unsigned long long)header->n_arcs,
                        (unsigned long long)header->start);
    }
    return DSINFER_OK;
}

/* Words end with the space in the automata of word dictionaries. */
static enum dsinfer_status set_space(struct dsi_dictionary *dictionary, bool is_bytes,
                                     const struct dsi_alphabet *alphabet,
                                     struct dsinfer_error *err) {
    dictionary->info.is_bytes = is_bytes;
    if (is_bytes) {
        return DSINFER_OK;
    }
    if (!alphabet->has_space) {
        return dsi_fail(
            err, DSINFER_ERR_MISMATCH,
            "the dictionary's words end with a space, which this alphabet does not have");
    }
    dictionary->ends_with_space = true;
    dictionary->space = alphabet->space;
    return DSINFER_OK;
}

static bool skip_padding(struct dsi_cursor *cursor, const struct header *header) {
    const size_t padding = (16 - cursor->position % 16) % 16;

    return !(header->flags & FLAG_ALIGNED) || dsi_cursor_skip(cursor, padding);
}

enum dsinfer_status dsi_dictionary_read_fst(struct dsi_dictionary *dictionary,
                                            struct dsi_cursor *cursor, bool is_bytes,
                                            const struct dsi_alphabet *alphabet,
                                            struct dsinfer_error *err) {
    struct header header;
    enum dsinfer_status status = read_header(cursor, "const", &header, err);
    struct dsi_bytes states, arcs;

    if (status != DSINFER_OK) {
        return status;
    }
    if (!skip_padding(cursor, &header) ||
        !dsi_cursor_read_bytes(cursor, header.n_states * STATE_SIZE, &states)) {
        return fail_short(cursor, "states", err);
    }
    if (!skip_padding(cursor, &header) ||
        !dsi_cursor_read_bytes(cursor, header.n_arcs * ARC_SIZE, &arcs)) {
        return fail_short(cursor, "arcs", err);
    }
    dictionary->states = states.data;
    dictionary->arcs = arcs.data;
    dictionary->start = (uint32_t)header.start;
    dictionary->info.n_states = (uint32_t)header.n_states;
    dictionary->info.n_arcs = (uint32_t)header.n_arcs;
    return set_space(dictionary, is_bytes, alphabet, err);
}

/* Goes through the states of a vector FST; writes them where there is memory, else counts arcs. */
static enum dsinfer_status walk_states(struct dsi_cursor *cursor, uint64_t n_states,
                                       uint8_t *states, uint8_t *arcs, uint64_t *n_arcs,
                                       struct dsinfer_error *err) {
    uint64_t i;

    *n_arcs = 0;
    for (i = 0; i < n_states; i++) {
        struct dsi_bytes final, count, list;
        uint64_t n;

        if (!dsi_cursor_read_bytes(cursor, 4, &final) ||
            !dsi_cursor_read_bytes(cursor, 8, &count)) {
            return fail_short(cursor, "states", err);
        }
        n = dsi_load_u64(count.data);
        if (n > UINT32_MAX - *n_arcs || !dsi_cursor_read_bytes(cursor, n * ARC_SIZE, &list)) {
            return fail_short(cursor, "arcs", err);
        }
        if (states) {
            const uint32_t first = (uint32_t)*n_arcs;
            size_t j;

            memcpy(states + i * STATE_SIZE, final.data, 4);
            for (j = 0; j < 4; j++) {
                states[i * STATE_SIZE + 4 + j] = (uint8_t)(first >> (8 * j));
            }
            memcpy(states + i * STATE_SIZE + 8, count.data, 4);
            memcpy(arcs + *n_arcs * ARC_SIZE, list.data, list.size);
        }
        *n_arcs += n;
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_fst_read_vector(struct dsi_dictionary *dictionary,
                                        struct dsi_cursor *cursor,
                                        const struct dsi_alphabet *alphabet,
                                        struct dsinfer_error *err) {
    struct header header;
    enum dsinfer_status status = read_header(cursor, "vector", &header, err);
    const size_t position = cursor->position;
    uint64_t n_arcs;
    size_t size;

    if (status == DSINFER_OK) {
        status = walk_states(cursor, header.n_states, NULL, NULL, &n_arcs, err);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    /* Both are bounded by the size of the file now. */
    size = (size_t)(header.n_states * STATE_SIZE + n_arcs * ARC_SIZE);
    dictionary->memory = dsi_calloc(1, size);
    if (!dictionary->memory) {
        return dsi_fail_memory(err, size);
    }
    dictionary->states = dictionary->memory;
    dictionary->arcs = dictionary->memory + header.n_states * STATE_SIZE;
    cursor->position = position;
    status = walk_states(cursor, header.n_states, dictionary->memory,
                         dictionary->memory + header.n_states * STATE_SIZE, &n_arcs, err);
    dictionary->start = (uint32_t)header.start;
    dictionary->info.n_states = (uint32_t)header.n_states;
    dictionary->info.n_arcs = (uint32_t)n_arcs;
    return status == DSINFER_OK ? set_space(dictionary, false, alphabet, err) : status;
}
