/* An automaton as the tree of its words, walked with a stack of its own.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/lm/dictionary.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <math.h>
#include <string.h>

/* A state on the path, whose arcs are being followed. */
struct step {
    uint32_t state, node;
    uint32_t arc, end;
    size_t text_size; /* of the letters that lead to it */
};

struct expander {
    const struct dsi_dictionary *dag;
    const struct dsi_lm *lm; /* may be NULL */
    const struct dsi_alphabet *alphabet;
    struct dsi_tree tree;
    char *text; /* owned; the letters of the path */
    struct step steps[DSI_DICTIONARY_MAX_LENGTH + 1];
    size_t depth; /* steps in use */
    struct dsinfer_error *err;
};

/* Appends a letter to the text; returns the size with it. */
static size_t write_letter(struct expander *expander, size_t size, uint32_t label) {
    const char *letter;
    size_t n;

    if (expander->dag->info.is_bytes) {
        expander->text[size] = (char)(label + 1);
        return size + 1;
    }
    letter = dsi_alphabet_get(expander->alphabet, label);
    n = strlen(letter);
    memcpy(expander->text + size, letter, n);
    return size + n;
}

/* Enters a state: a node of the tree is made of it, and its word scored. */
static enum dsinfer_status enter(struct expander *expander, uint32_t state,
                                 struct dsi_tree_node node, size_t text_size) {
    struct step *step = &expander->steps[expander->depth];
    enum dsinfer_status status;

    if (expander->depth > DSI_DICTIONARY_MAX_LENGTH) {
        return dsi_fail(expander->err, DSINFER_ERR_LIMIT,
                        "the dictionary has words of more than %d letters",
                        DSI_DICTIONARY_MAX_LENGTH);
    }
    node.is_word = dsi_dictionary_is_word(expander->dag, state);
    if (node.is_word && expander->lm) {
        const uint32_t word = dsi_lm_find_word(expander->lm, expander->text, text_size);
        struct dsi_lm_state null;

        dsi_lm_get_null(&null);
        node.score = fminf(0.0f, dsi_lm_score(expander->lm, &null, word, NULL, NULL));
    }
    *step = (struct step){.state = state, .node = expander->tree.n_nodes, .text_size = text_size};
    dsi_dictionary_get_arcs(expander->dag, state, &step->arc, &step->end);
    status = dsi_tree_add(&expander->tree, node, expander->err);
    expander->depth += status == DSINFER_OK;
    return status;
}

/* Leaves the last state, handing its score to the one before. */
static void leave(struct expander *expander) {
    const struct dsi_tree_node *node =
        &expander->tree.nodes[expander->steps[--expander->depth].node];
    struct dsi_tree_node *parent = &expander->tree.nodes[node->parent];

    parent->score = fminf(parent->score, node->score);
}

static enum dsinfer_status walk(struct expander *expander) {
    const struct dsi_dictionary *dag = expander->dag;
    const size_t n_labels =
        dag->info.is_bytes ? DSI_DICTIONARY_N_BYTES : expander->alphabet->n_labels;
    enum dsinfer_status status =
        enter(expander, dag->start, (struct dsi_tree_node){.score = 0.0f}, 0);

    while (status == DSINFER_OK && expander->depth > 0) {
        struct step *step = &expander->steps[expander->depth - 1];
        uint32_t label, next;

        if (step->arc == step->end) {
            leave(expander);
            continue;
        }
        dsi_dictionary_get_arc(dag, step->arc++, &label, &next);
        if (label == 0 || label > n_labels || next >= dag->info.n_states ||
            (dag->ends_with_space && label == dag->space + 1)) {
            continue; /* the end of a word, or damage */
        }
        status =
            enter(expander, next, (struct dsi_tree_node){.parent = step->node, .label = label - 1},
                  write_letter(expander, step->text_size, label - 1));
    }
    return status;
}

enum dsinfer_status dsi_dictionary_expand(const struct dsi_dictionary *dag, const struct dsi_lm *lm,
                                          const struct dsi_alphabet *alphabet,
                                          struct dsi_dictionary *tree, struct dsinfer_error *err) {
    const size_t text_size = (DSI_DICTIONARY_MAX_LENGTH + 1) * DSI_ALPHABET_MAX_LABEL_SIZE;
    struct expander *expander;
    enum dsinfer_status status;

    memset(tree, 0, sizeof(*tree));
    if (dag->info.is_anything) {
        tree->info = dag->info;
        return DSINFER_OK;
    }
    expander = dsi_calloc(1, sizeof(*expander));
    if (!expander) {
        return dsi_fail_memory(err, sizeof(*expander));
    }
    *expander = (struct expander){.dag = dag, .lm = lm, .alphabet = alphabet, .err = err};
    expander->text = dsi_malloc(text_size);
    status = expander->text ? walk(expander) : dsi_fail_memory(err, text_size);
    if (status == DSINFER_OK) {
        status = dsi_dictionary_make(tree, &expander->tree, err);
    }
    if (status == DSINFER_OK) {
        tree->info.format = dag->info.format;
        tree->info.is_bytes = dag->info.is_bytes;
        tree->info.has_scores = lm != NULL;
    }
    dsi_tree_finish(&expander->tree);
    dsi_free(expander->text);
    dsi_free(expander);
    return status;
}
