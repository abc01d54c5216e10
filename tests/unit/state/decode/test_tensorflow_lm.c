/* decode/tensorflow_lm: what all labels behind a prefix cost together is what each costs alone.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/decode/tensorflow_lm.h"

#include "tests/support/test.h"
#include "tests/support/tiny_scorer.h"

#include <math.h>

#define N_LABELS 28
#define MAX_NODES 65536

/* Walks every prefix of at most `depth` labels that begins with the node. */
static void check(struct dsi_tensorflow_lm *lm, struct dsi_label_tree *tree, uint32_t node,
                  unsigned depth) {
    float costs[N_LABELS];
    float highest = -INFINITY;
    uint32_t previous = DSI_LABEL_NONE;
    uint32_t label;

    assert_true(isinf(dsi_tensorflow_lm_get_best(lm, node)));
    dsi_tensorflow_lm_list(lm, tree, node, N_LABELS, costs);
    for (label = 0; label < N_LABELS; label++) {
        uint32_t child;

        assert_int_equal(dsi_label_tree_add(tree, node, previous, label, &child), DSINFER_OK);
        assert_int_equal(dsi_tensorflow_lm_add(lm, tree, child), DSINFER_OK);
        assert_true(dsi_tensorflow_lm_get(lm, tree, child) == costs[label]);
        highest = fmaxf(highest, costs[label]);
        if (depth > 1) {
            check(lm, tree, child, depth - 1);
        }
        previous = child;
    }
    assert_true(dsi_tensorflow_lm_get_best(lm, node) >= highest);
    assert_true(dsi_tensorflow_lm_get_best(lm, node) < INFINITY);
}

static void check_rules(const struct dsi_scoring *scoring, bool is_first_release) {
    struct dsi_tensorflow_lm lm;
    struct dsi_label_tree tree;

    dsi_tensorflow_lm_init(&lm, scoring, is_first_release);
    assert_int_equal(dsi_label_tree_init(&tree, MAX_NODES), DSINFER_OK);
    assert_int_equal(dsi_tensorflow_lm_begin(&lm, &tree), DSINFER_OK);
    check(&lm, &tree, tree.root, 3);
    dsi_tensorflow_lm_finish(&lm);
    dsi_label_tree_finish(&tree);
}

static void labels_cost_together_what_they_cost_alone(void **state) {
    const struct dsi_dictionary anything = {.info = {.is_anything = true}};
    struct dsinfer_scorer *scorer = test_make_tiny_scorer(false);
    const struct dsi_dictionary *dictionaries[] = {&scorer->dictionary, &anything, NULL};
    struct dsi_scoring scoring = {
        .lm = scorer->lm, .alphabet = &scorer->alphabet, .alpha = 1.5, .beta = 2.1};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(dictionaries) / sizeof(*dictionaries); i++) {
        scoring.dictionary = dictionaries[i];
        check_rules(&scoring, false);
        check_rules(&scoring, true);
    }
    dsinfer_scorer_unref(scorer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_cost_together_what_they_cost_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
