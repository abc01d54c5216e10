/* Dictionaries: walking the automaton, building it from a list of nodes or the words of a model.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/dictionary.h"

#include "model/lm/index.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STATE_SIZE 20
#define ARC_SIZE 16

/* Score of a prefix about which nothing is known. */
#define UNKNOWN_SCORE (-10.0f)

/* The arc for stored label `label` (one more than the alphabet's). */
static bool find_arc(const struct dsi_dictionary *dictionary, uint32_t state, uint32_t label,
                     uint32_t *next) {
    const uint8_t *record = dictionary->states + (size_t)STATE_SIZE * state;
    uint64_t low = dsi_load_u32(record + 4);
    uint64_t high = low + dsi_load_u32(record + 8);

    if (high > dictionary->info.n_arcs) {
        return false;
    }
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        const uint8_t *arc = dictionary->arcs + ARC_SIZE * middle;
        const uint32_t found = dsi_load_u32(arc);

        if (found == label) {
            *next = dsi_load_u32(arc + 12);
            return *next < dictionary->info.n_states;
        }
        if (found < label) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

static bool is_final(const struct dsi_dictionary *dictionary, uint32_t state) {
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

bool dsi_dictionary_is_word(const struct dsi_dictionary *dictionary, uint32_t state) {
    uint32_t end;

    if (dictionary->info.is_anything) {
        return true;
    }
    if (dictionary->ends_with_space) {
        return find_arc(dictionary, state, dictionary->space + 1, &end) &&
               is_final(dictionary, end);
    }
    return is_final(dictionary, state);
}

float dsi_dictionary_get_score(const struct dsi_dictionary *dictionary, uint32_t state) {
    return dictionary->scores ? dictionary->scores[state] : UNKNOWN_SCORE;
}

void dsi_dictionary_finish(struct dsi_dictionary *dictionary) {
    dsi_mapped_file_close(&dictionary->file);
    dsi_free(dictionary->memory);
    memset(dictionary, 0, sizeof(*dictionary));
}

static void store_u32(uint8_t *bytes, uint32_t value) {
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
    bytes[2] = (uint8_t)(value >> 16);
    bytes[3] = (uint8_t)(value >> 24);
}

/* Final weight as a file has it: 0, or infinity where no word ends. */
static void store_final(uint8_t *state, bool is_word) {
    store_u32(state, is_word ? 0 : UINT32_C(0x7f800000));
}

enum dsinfer_status dsi_dictionary_make(struct dsi_dictionary *dictionary,
                                        const struct dsi_dictionary_node *nodes, uint32_t n_nodes,
                                        struct dsinfer_error *err) {
    const size_t states_size = (size_t)n_nodes * STATE_SIZE;
    const size_t arcs_size = (size_t)n_nodes * ARC_SIZE;
    const size_t size = states_size + arcs_size + (size_t)n_nodes * sizeof(float);
    uint8_t *states, *arcs;
    uint32_t first = 0;
    float *scores;
    uint32_t i;

    dictionary->memory = dsi_calloc(1, size);
    if (!dictionary->memory) {
        return dsi_fail_memory(err, size);
    }
    scores = (float *)(void *)dictionary->memory;
    states = dictionary->memory + (size_t)n_nodes * sizeof(float);
    arcs = states + states_size;

    for (i = 1; i < n_nodes; i++) { /* count the arcs of every state, */
        uint8_t *parent = states + (size_t)STATE_SIZE * nodes[i].parent;

        store_u32(parent + 8, dsi_load_u32(parent + 8) + 1);
    }
    for (i = 0; i < n_nodes; i++) { /* give each its place, */
        uint8_t *state = states + (size_t)STATE_SIZE * i;
        const uint32_t n_arcs = dsi_load_u32(state + 8);

        store_final(state, nodes[i].is_word);
        store_u32(state + 4, first);
        store_u32(state + 8, 0);
        first += n_arcs;
        scores[i] = nodes[i].score;
    }
    for (i = 1; i < n_nodes; i++) { /* and fill it in. */
        uint8_t *parent = states + (size_t)STATE_SIZE * nodes[i].parent;
        const uint32_t n_arcs = dsi_load_u32(parent + 8);
        uint8_t *arc = arcs + (size_t)ARC_SIZE * (dsi_load_u32(parent + 4) + n_arcs);

        store_u32(arc, nodes[i].label + 1);
        store_u32(arc + 12, i);
        store_u32(parent + 8, n_arcs + 1);
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

/* A word of a language model, spelled. */
struct spelled_word {
    const uint32_t *labels; /* each one more than the alphabet's, a 0 behind the last */
    float score;
};

struct spelling {
    const struct dsi_lm *lm;
    const struct dsi_alphabet *alphabet;
    uint32_t *labels;           /* owned */
    struct spelled_word *words; /* owned */
    uint32_t n_words;
};

static int compare_words(const void *a, const void *b) {
    const uint32_t *x = ((const struct spelled_word *)a)->labels;
    const uint32_t *y = ((const struct spelled_word *)b)->labels;

    while (*x && *x == *y) {
        x++;
        y++;
    }
    return *x < *y ? -1 : *x > *y;
}

/* Label + 1 of the longest letter that `text` begins with; 0: none. */
static uint32_t match_letter(const struct dsi_alphabet *alphabet, const char *text, size_t size,
                             size_t *length) {
    uint32_t best = 0;
    uint32_t i;

    *length = 0;
    for (i = 0; i < alphabet->n_labels; i++) {
        const char *letter = dsi_alphabet_get(alphabet, i);
        const size_t n = strlen(letter);

        if (n > *length && n <= size && memcmp(letter, text, n) == 0) {
            *length = n;
            best = i + 1;
        }
    }
    return best;
}

/* Writes a word's labels and a 0; returns how many, 0 if the alphabet cannot spell it. */
static size_t spell(const struct dsi_alphabet *alphabet, const char *word, size_t size,
                    uint32_t *labels) {
    size_t n = 0;

    while (size) {
        size_t length;
        const uint32_t label = match_letter(alphabet, word, size, &length);

        if (!label || n == DSI_DICTIONARY_MAX_LENGTH ||
            (alphabet->has_space && label == alphabet->space + 1)) {
            return 0;
        }
        labels[n++] = label;
        word += length;
        size -= length;
    }
    labels[n] = 0;
    return n;
}

/* Spells every word of the model; those that cannot be are left out. */
static void spell_words(struct spelling *spelling) {
    const struct dsi_bytes strings = dsi_lm_get_strings(spelling->lm);
    const char *text = (const char *)strings.data;
    const char *end = text + strings.size;
    uint32_t *labels = spelling->labels;
    struct dsi_lm_state null;
    uint32_t index;

    dsi_lm_get_null(&null);
    for (index = 0; index < dsi_lm_get_info(spelling->lm)->n_words && text < end; index++) {
        const char *nul = memchr(text, '\0', (size_t)(end - text));
        const size_t size = nul ? (size_t)(nul - text) : (size_t)(end - text);
        const size_t n = spell(spelling->alphabet, text, size, labels);

        if (n) {
            struct spelled_word *word = &spelling->words[spelling->n_words++];

            word->labels = labels;
            word->score = dsi_lm_score(spelling->lm, &null, index, NULL, NULL);
            labels += n + 1;
        }
        text += size + (nul ? 1 : 0);
    }
}

/* Nodes of the tree of sorted words; with nodes NULL only their number. */
static uint32_t list_nodes(const struct spelling *spelling, struct dsi_dictionary_node *nodes) {
    static const uint32_t empty[1] = {0};
    const uint32_t *previous = empty;
    uint32_t path[DSI_DICTIONARY_MAX_LENGTH + 1];
    uint32_t n_nodes = 1;
    uint32_t i;

    path[0] = 0;
    if (nodes) {
        nodes[0] = (struct dsi_dictionary_node){.score = 0.0f};
    }
    for (i = 0; i < spelling->n_words; i++) {
        const struct spelled_word *word = &spelling->words[i];
        size_t depth = 0;
        size_t j;

        while (word->labels[depth] && word->labels[depth] == previous[depth]) {
            depth++;
        }
        for (; word->labels[depth]; depth++) {
            if (nodes) {
                nodes[n_nodes] = (struct dsi_dictionary_node){
                    .parent = path[depth], .label = word->labels[depth] - 1, .score = 0.0f};
            }
            path[depth + 1] = n_nodes++;
        }
        if (nodes) {
            nodes[path[depth]].is_word = true;
            for (j = 0; j <= depth; j++) {
                nodes[path[j]].score = fminf(nodes[path[j]].score, word->score);
            }
        }
        previous = word->labels;
    }
    return n_nodes;
}

enum dsinfer_status dsi_dictionary_build(struct dsi_dictionary *dictionary, const struct dsi_lm *lm,
                                         const struct dsi_alphabet *alphabet,
                                         struct dsinfer_error *err) {
    const struct dsi_bytes strings = dsi_lm_get_strings(lm);
    struct spelling spelling = {.lm = lm, .alphabet = alphabet};
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    struct dsi_dictionary_node *nodes = NULL;
    uint32_t n_nodes;

    memset(dictionary, 0, sizeof(*dictionary));
    if (!strings.size) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "the language model holds no words as text, so a dictionary is needed too");
    }
    if (strings.size > DSI_DICTIONARY_MAX_STATES) {
        return dsi_fail(err, DSINFER_ERR_LIMIT,
                        "the words of the language model have %zu bytes, more "
                        "than %u",
                        strings.size, DSI_DICTIONARY_MAX_STATES);
    }
    spelling.labels = dsi_malloc((strings.size + DSI_DICTIONARY_MAX_LENGTH + 2) * sizeof(uint32_t));
    spelling.words = dsi_malloc((size_t)dsi_lm_get_info(lm)->n_words * sizeof(*spelling.words));
    if (!spelling.labels || !spelling.words) {
        status = dsi_fail_memory(err, strings.size * sizeof(uint32_t));
        goto out;
    }

    spell_words(&spelling);
    qsort(spelling.words, spelling.n_words, sizeof(*spelling.words), compare_words);
    n_nodes = list_nodes(&spelling, NULL);
    nodes = dsi_malloc(n_nodes * sizeof(*nodes));
    if (!nodes) {
        status = dsi_fail_memory(err, n_nodes * sizeof(*nodes));
        goto out;
    }
    list_nodes(&spelling, nodes);
    status = dsi_dictionary_make(dictionary, nodes, n_nodes, err);
    dictionary->info.format = "language model";
out:
    dsi_free(nodes);
    dsi_free(spelling.labels);
    dsi_free(spelling.words);
    return status;
}

/* What follows magic and version in a file of version 3 or 5. */
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
        dictionary->info.format = "trie version 5";
        return dsi_dictionary_read_fst(dictionary, cursor, flag != 0, alphabet, err);
    }
    dictionary->info.format = "trie version 3";
    if (flag) {
        dictionary->info.is_anything = true;
        return DSINFER_OK;
    }
    return dsi_fst_read_vector(dictionary, cursor, alphabet, err);
}

enum dsinfer_status dsi_dictionary_open(struct dsi_dictionary *dictionary, const char *path,
                                        const struct dsi_alphabet *alphabet,
                                        struct dsinfer_error *err) {
    static const char text_head[] = "1414678853\n1\n";
    enum dsinfer_status status;
    struct dsi_cursor cursor;
    uint32_t magic = 0;
    uint32_t version = 0;
    bool is_text;

    memset(dictionary, 0, sizeof(*dictionary));
    status = dsi_mapped_file_open(&dictionary->file, path, err);
    if (status != DSINFER_OK) {
        return status;
    }
    dsi_cursor_init(&cursor, dictionary->file.bytes);
    is_text = cursor.bytes.size >= sizeof(text_head) - 1 &&
              memcmp(cursor.bytes.data, text_head, sizeof(text_head) - 1) == 0;
    if (is_text) {
        (void)dsi_cursor_skip(&cursor, sizeof(text_head) - 1);
        version = 1;
    } else if (!dsi_cursor_read_u32(&cursor, &magic) || magic != 0x54524945 ||
               !dsi_cursor_read_u32(&cursor, &version)) {
        status = dsi_fail(err, DSINFER_ERR_MALFORMED,
                          "this is no trie: it does not begin with the "
                          "number 1414678853");
        goto out;
    }

    if (version == 1 || version == 2) {
        struct dsi_bytes rest;

        (void)dsi_cursor_read_bytes(&cursor, dsi_cursor_get_rest(&cursor), &rest);
        status = dsi_prefix_tree_read(dictionary, rest, is_text, alphabet, err);
        dictionary->info.format = version == 1 ? "trie version 1" : "trie version 2";
    } else if (version == 3 || version == 5) {
        status = read_automaton(dictionary, &cursor, version, alphabet, err);
    } else {
        status = dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                          "the trie has version %u, but 1, 2, 3 or 5 is "
                          "needed",
                          version);
    }
out:
    if (status != DSINFER_OK) {
        dsi_dictionary_finish(dictionary);
    }
    return status;
}
