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

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAGIC 2125659606U
#define FLAG_SYMBOLS 3U
#define FLAG_ALIGNED 4U

/* What OpenFST may rely on: an unweighted, deterministic, acyclic acceptor without epsilons, sorted
 * by label, every state of which lies on the way to a word. Whether the states are in topological
 * order or a mere string is left open. */
#define PROPERTIES UINT64_C(0x852a5a950001)

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
                        "the automaton has %" PRIu64 " states, %" PRIu64
                        " arcs and starts at %" PRIu64,
                        header->n_states, header->n_arcs, header->start);
    }
    return DSINFER_OK;
}

/* What the arcs tell about the alphabet they were made for. */
struct traits {
    uint32_t n_labels; /* at least */
    uint32_t end;      /* stored label of an arc that ends a word, the space's if possible; or 0 */
};

static struct traits find_traits(const struct dsi_dictionary *dictionary, uint32_t space) {
    struct traits traits = {0, 0};
    uint32_t i;

    for (i = 0; i < dictionary->info.n_arcs; i++) {
        uint32_t label, next;

        dsi_dictionary_get_arc(dictionary, i, &label, &next);
        traits.n_labels = label > traits.n_labels ? label : traits.n_labels;
        if (traits.end != space && label != traits.end && next < dictionary->info.n_states &&
            dsi_dictionary_is_final(dictionary, next)) {
            traits.end = label;
        }
    }
    return traits;
}

/* Words end with the space in the automata of word dictionaries. An automaton of another alphabet
 * is refused as far as it can be told. */
static enum dsinfer_status set_alphabet(struct dsi_dictionary *dictionary, bool is_bytes,
                                        const struct dsi_alphabet *alphabet,
                                        struct dsinfer_error *err) {
    const uint32_t space = alphabet && alphabet->has_space ? alphabet->space + 1 : 0;
    const struct traits traits = find_traits(dictionary, space);
    char text[64] = "has no space";

    dictionary->info.is_bytes = is_bytes;
    if (is_bytes && traits.n_labels > DSI_DICTIONARY_N_BYTES) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the dictionary is one of bytes, but has the label %" PRIu32,
                        traits.n_labels);
    }
    if (is_bytes || !alphabet) {
        return DSINFER_OK;
    }
    if (space) {
        (void)snprintf(text, sizeof(text), "its space is label %" PRIu32, alphabet->space);
    }
    if (traits.n_labels > alphabet->n_labels) {
        return dsi_fail(err, DSINFER_ERR_MISMATCH,
                        "the dictionary was made for an alphabet of at least %" PRIu32
                        " labels, but this one has %zu, and %s",
                        traits.n_labels, alphabet->n_labels, text);
    }
    if (!space || (traits.end && traits.end != space)) {
        return dsi_fail(err, DSINFER_ERR_MISMATCH,
                        "the dictionary was made for an alphabet of at least %" PRIu32
                        " labels whose space is label %" PRIu32
                        ", but this one has %zu labels, and %s",
                        traits.n_labels, traits.end - (traits.end > 0), alphabet->n_labels, text);
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
        !dsi_cursor_read_bytes(cursor, header.n_states * DSI_DICTIONARY_STATE_SIZE, &states)) {
        return fail_short(cursor, "states", err);
    }
    if (!skip_padding(cursor, &header) ||
        !dsi_cursor_read_bytes(cursor, header.n_arcs * DSI_DICTIONARY_ARC_SIZE, &arcs)) {
        return fail_short(cursor, "arcs", err);
    }
    dictionary->states = states.data;
    dictionary->arcs = arcs.data;
    dictionary->start = (uint32_t)header.start;
    dictionary->info.n_states = (uint32_t)header.n_states;
    dictionary->info.n_arcs = (uint32_t)header.n_arcs;
    return set_alphabet(dictionary, is_bytes, alphabet, err);
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
        if (n > UINT32_MAX - *n_arcs ||
            !dsi_cursor_read_bytes(cursor, n * DSI_DICTIONARY_ARC_SIZE, &list)) {
            return fail_short(cursor, "arcs", err);
        }
        if (states) {
            const uint32_t first = (uint32_t)*n_arcs;
            memcpy(states + i * DSI_DICTIONARY_STATE_SIZE, final.data, 4);
            dsi_store_u32(states + i * DSI_DICTIONARY_STATE_SIZE + 4, first);
            memcpy(states + i * DSI_DICTIONARY_STATE_SIZE + 8, count.data, 4);
            memcpy(arcs + *n_arcs * DSI_DICTIONARY_ARC_SIZE, list.data, list.size);
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
    size = (size_t)(header.n_states * DSI_DICTIONARY_STATE_SIZE + n_arcs * DSI_DICTIONARY_ARC_SIZE);
    dictionary->memory = dsi_calloc(1, size);
    if (!dictionary->memory) {
        return dsi_fail_memory(err, size);
    }
    dictionary->states = dictionary->memory;
    dictionary->arcs = dictionary->memory + header.n_states * DSI_DICTIONARY_STATE_SIZE;
    cursor->position = position;
    status =
        walk_states(cursor, header.n_states, dictionary->memory,
                    dictionary->memory + header.n_states * DSI_DICTIONARY_STATE_SIZE, &n_arcs, err);
    dictionary->start = (uint32_t)header.start;
    dictionary->info.n_states = (uint32_t)header.n_states;
    dictionary->info.n_arcs = (uint32_t)n_arcs;
    return status == DSINFER_OK ? set_alphabet(dictionary, false, alphabet, err) : status;
}

/* Bytes of a string with its count. */
static size_t put_name(uint8_t *at, const char *name) {
    const size_t size = strlen(name);

    dsi_store_u32(at, (uint32_t)size);
    memcpy(at + 4, name, size);
    return 4 + size;
}

static size_t put_u64(uint8_t *at, uint64_t value) {
    dsi_store_u32(at, (uint32_t)value);
    dsi_store_u32(at + 4, (uint32_t)(value >> 32));
    return 8;
}

void dsi_fst_write_head(const struct dsi_dictionary *dictionary, uint8_t head[DSI_FST_HEAD_SIZE]) {
    uint8_t *at = head;

    dsi_store_u32(at, MAGIC);
    at += 4;
    at += put_name(at, "const");
    at += put_name(at, "standard");
    dsi_store_u32(at, 1); /* version */
    dsi_store_u32(at + 4, FLAG_ALIGNED);
    at += 8;
    at += put_u64(at, PROPERTIES);
    at += put_u64(at, dictionary->start);
    at += put_u64(at, dictionary->info.n_states);
    (void)put_u64(at, dictionary->info.n_arcs);
}
