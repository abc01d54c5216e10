/* Words spelled, sorted, and made a tree.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/word_list.h"

#include "model/lm/text.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Most bytes of a word that an error quotes. */
#define MAX_QUOTE 32

enum dsinfer_status dsi_word_list_init(struct dsi_word_list *list,
                                       const struct dsi_alphabet *alphabet, size_t text_size,
                                       size_t n_words, struct dsinfer_error *err) {
    size_t n_labels = 0;

    memset(list, 0, sizeof(*list));
    if (text_size > DSI_WORD_LIST_MAX_SIZE) {
        return dsi_fail(err, DSINFER_ERR_LIMIT,
                        "the words for the dictionary have %zu bytes, more than %zu", text_size,
                        DSI_WORD_LIST_MAX_SIZE);
    }
    /* A label of each byte at most, an end for each word, and room to write the last one. */
    if (!dsi_add_size(text_size + DSI_DICTIONARY_MAX_LENGTH, n_words, &n_labels)) {
        return dsi_fail_memory(err, SIZE_MAX);
    }
    list->alphabet = alphabet;
    list->labels = dsi_calloc(n_labels, sizeof(*list->labels));
    list->words = dsi_calloc(n_words, sizeof(*list->words));
    if (!list->labels || !list->words) {
        dsi_word_list_finish(list);
        return dsi_fail_memory(err, n_labels * sizeof(*list->labels));
    }
    return dsi_spelling_init(&list->spelling, alphabet, err);
}

/* The words that mark the ends of a sentence and what is unknown. */
static bool is_mark(const char *text, size_t size) {
    const struct dsi_text word = {text, size};

    return dsi_text_is(&word, "<unk>") || dsi_text_is(&word, "<UNK>") ||
           dsi_text_is(&word, "<s>") || dsi_text_is(&word, "</s>");
}

/* The first labels, 16 bits each: an alphabet has fewer than 65536. */
static uint64_t make_key(const uint32_t *labels) {
    uint64_t key = 0;
    size_t i;

    for (i = 0; i < 4; i++) {
        key = key << 16 | *labels;
        labels += *labels != 0;
    }
    return key;
}

bool dsi_word_list_add(struct dsi_word_list *list, const char *text, size_t size, float score) {
    uint32_t *labels = list->labels + list->n_labels;
    size_t n = 0;
    size_t i;

    if (is_mark(text, size) ||
        !dsi_spelling_write(&list->spelling, text, size, labels, DSI_DICTIONARY_MAX_LENGTH, &n) ||
        n == 0) {
        return false;
    }
    for (i = 0; i < n; i++) {
        if (list->alphabet && list->alphabet->has_space && labels[i] == list->alphabet->space) {
            return false;
        }
        labels[i]++;
    }
    labels[n] = 0;
    list->n_labels += n + 1;
    list->words[list->n_words++] =
        (struct dsi_word){.key = make_key(labels), .labels = labels, .score = score};
    return true;
}

static int compare_words(const void *a, const void *b) {
    const struct dsi_word *one = a;
    const struct dsi_word *other = b;
    const uint32_t *x = one->labels;
    const uint32_t *y = other->labels;

    if (one->key != other->key) {
        return one->key < other->key ? -1 : 1;
    }
    while (*x && *x == *y) {
        x++;
        y++;
    }
    return *x < *y ? -1 : *x > *y;
}

/* Adds the prefixes of sorted words, each with the lowest score below it. */
static enum dsinfer_status add_nodes(const struct dsi_word_list *list, struct dsi_tree *tree,
                                     struct dsinfer_error *err) {
    static const uint32_t empty[1] = {0};
    const uint32_t *previous = empty;
    uint32_t path[DSI_DICTIONARY_MAX_LENGTH + 1] = {0};
    enum dsinfer_status status = dsi_tree_add(tree, (struct dsi_tree_node){.score = 0.0f}, err);
    size_t i;

    for (i = 0; i < list->n_words && status == DSINFER_OK; i++) {
        const struct dsi_word *word = &list->words[i];
        size_t depth = 0;
        size_t j;

        while (word->labels[depth] && word->labels[depth] == previous[depth]) {
            depth++;
        }
        for (; word->labels[depth] && status == DSINFER_OK; depth++) {
            path[depth + 1] = tree->n_nodes;
            status = dsi_tree_add(
                tree,
                (struct dsi_tree_node){.parent = path[depth], .label = word->labels[depth] - 1},
                err);
        }
        if (status == DSINFER_OK) {
            tree->nodes[path[depth]].is_word = true;
            for (j = 0; j <= depth; j++) {
                tree->nodes[path[j]].score = fminf(tree->nodes[path[j]].score, word->score);
            }
        }
        previous = word->labels;
    }
    return status;
}

enum dsinfer_status dsi_word_list_make(struct dsi_word_list *list,
                                       struct dsi_dictionary *dictionary,
                                       struct dsinfer_error *err) {
    struct dsi_tree tree = {NULL, 0, 0};
    enum dsinfer_status status;

    qsort(list->words, list->n_words, sizeof(*list->words), compare_words);
    status = add_nodes(list, &tree, err);
    if (status == DSINFER_OK) {
        status = dsi_dictionary_make(dictionary, &tree, err);
    }
    if (status == DSINFER_OK) {
        dictionary->info.is_bytes = !list->alphabet;
    }
    dsi_tree_finish(&tree);
    return status;
}

void dsi_word_list_finish(struct dsi_word_list *list) {
    dsi_spelling_finish(&list->spelling);
    dsi_free(list->labels);
    dsi_free(list->words);
    memset(list, 0, sizeof(*list));
}

/* None of the words can be spelled: they are of another language. `word` is one of them. */
static enum dsinfer_status fail_spelling(const struct dsi_text *word,
                                         const struct dsi_alphabet *alphabet,
                                         struct dsinfer_error *err) {
    const size_t size = word->size < MAX_QUOTE ? word->size : MAX_QUOTE;

    return dsi_fail(err, DSINFER_ERR_MISMATCH,
                    "the language model was made for another alphabet: none of its words can be "
                    "spelled with these %zu labels, not even '%.*s'",
                    alphabet->n_labels, (int)size, word->text);
}

enum dsinfer_status dsi_dictionary_build(struct dsi_dictionary *dictionary, const struct dsi_lm *lm,
                                         const struct dsi_alphabet *alphabet,
                                         struct dsinfer_error *err) {
    const struct dsi_bytes strings = dsi_lm_get_strings(lm);
    const uint32_t n_words = dsi_lm_get_info(lm)->n_words;
    const char *text = (const char *)strings.data;
    const char *end = text + strings.size;
    struct dsi_word_list list;
    enum dsinfer_status status;
    struct dsi_text skipped = {NULL, 0}; /* a word that cannot be spelled */
    struct dsi_lm_state null;
    uint32_t index;

    memset(dictionary, 0, sizeof(*dictionary));
    if (!strings.size) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "the language model holds no words as text, so a dictionary is needed too");
    }
    status = dsi_word_list_init(&list, alphabet, strings.size, n_words, err);
    dsi_lm_get_null(&null);
    for (index = 0; status == DSINFER_OK && index < n_words && text < end; index++) {
        const char *nul = memchr(text, '\0', (size_t)(end - text));
        const size_t size = nul ? (size_t)(nul - text) : (size_t)(end - text);

        if (!dsi_word_list_add(&list, text, size, dsi_lm_score(lm, &null, index, NULL, NULL)) &&
            !is_mark(text, size) && size > 0) {
            skipped = (struct dsi_text){text, size};
        }
        text += size + (nul ? 1 : 0);
    }
    if (status == DSINFER_OK && alphabet && list.n_words == 0 && skipped.size > 0) {
        status = fail_spelling(&skipped, alphabet, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_word_list_make(&list, dictionary, err);
    }
    if (status == DSINFER_OK) {
        dictionary->info.format = "language model";
    }
    dsi_word_list_finish(&list);
    return status;
}
