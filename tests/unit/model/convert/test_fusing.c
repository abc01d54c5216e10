/* The passes on a graph of 4 cells and 10 steps: what they make of it, and that they leave alone
 * what differs from upstream's cell in any place.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/convert/convert.h"
#include "model/format.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#define CELL "lstm_fused_cell/"

/* A file's graph, to be edited before the passes. */
struct file {
    unsigned char *bytes;
    struct dsi_graph graph;
    struct dsi_signature signature;
};

static void open_file(struct file *file) {
    struct dsi_model_source source = {0};
    const struct dsi_model_format *format;
    char path[TEST_PATH_SIZE];

    test_source_path(path, "tests/golden/variants/ten-steps.pb");
    file->bytes = test_read_file(path, &source.bytes.size);
    source.bytes.data = file->bytes;
    assert_int_equal(dsi_model_format_read(&file->graph, &format, &source, NULL), DSINFER_OK);
    assert_int_equal(dsi_signature_find(&file->graph, &file->signature, NULL), DSINFER_OK);
}

static void close_file(struct file *file) {
    dsi_graph_finish(&file->graph);
    free(file->bytes);
}

static struct dsi_node *get_node(struct dsi_graph *graph, const char *name) {
    uint32_t node;

    if (!dsi_graph_find_node(graph, name, &node)) {
        fail_msg("no node '%s'", name);
    }
    return &graph->nodes[node];
}

/* Runs all passes; the network must verify, whatever came out. */
static bool is_fused(struct file *file) {
    struct dsi_kernels kernels;
    struct dsi_graph network;
    struct dsinfer_error err;
    bool fused;

    dsi_kernels_init(&kernels, DSI_KERNELS_REFERENCE, 0);
    if (dsi_convert_network(&file->graph, &file->signature, &kernels, NULL, &network, &fused,
                            &err) != DSINFER_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(dsi_graph_verify(&network, NULL), DSINFER_OK);
    dsi_graph_finish(&network);
    return fused;
}

/* One edit of the graph. */
struct edit {
    const char *node;
    enum { SET_INTS, SET_FLOAT, SET_INPUT, SWAP_INPUTS, SET_OP } kind;
    int32_t ints[4]; /* a constant's elements, or for SET_INPUT which input */
    float value;
    const char *text; /* SET_INPUT: the node that is read instead; SET_OP: the op */
    uint32_t output;  /* of that node */
};

static void apply(struct dsi_graph *graph, const struct edit *edit) {
    struct dsi_node *node = get_node(graph, edit->node);
    struct dsi_port port;

    switch (edit->kind) {
    case SET_INTS:
        assert_int_equal(node->value.dtype, DSI_DTYPE_I32);
        node->value.bytes.data = (const uint8_t *)edit->ints;
        break;
    case SET_FLOAT:
        assert_int_equal(node->value.bytes.size, sizeof(edit->value));
        node->value.bytes.data = (const uint8_t *)&edit->value;
        break;
    case SET_INPUT:
        assert_true(dsi_graph_find_node(graph, edit->text, &port.node));
        port.output = edit->output;
        node->inputs[edit->ints[0]] = port;
        break;
    case SWAP_INPUTS:
        port = node->inputs[0];
        node->inputs[0] = node->inputs[1];
        node->inputs[1] = port;
        break;
    case SET_OP:
        node->op = edit->text;
        break;
    }
}

static void check_edits(const struct edit *edits, size_t n_edits, bool expected) {
    size_t i;

    for (i = 0; i < n_edits; i++) {
        struct file file;

        open_file(&file);
        apply(&file.graph, &edits[i]);
        if (is_fused(&file) != expected) {
            fail_msg("edit %zu of '%s': %sfused", i, edits[i].node, expected ? "not " : "");
        }
        close_file(&file);
    }
}

static void what_differs_anywhere_is_not_fused(void **state) {
    static const struct edit edits[] = {
        /* the mask */
        {CELL "SequenceMask/Less", SWAP_INPUTS, {0}, 0, NULL, 0},
        {CELL "SequenceMask/Const_2", SET_INTS, {2}, 0, NULL, 0}, /* another range */
        {CELL "transpose/perm", SET_INTS, {0, 1}, 0, NULL, 0},
        {CELL "mul", SET_OP, {0}, 0, "Add", 0},
        {CELL "mul", SET_INPUT, {0}, 0, CELL "BlockLSTM", 4},
        {CELL "Max", SET_OP, {0}, 0, "Sum", 0},
        /* the new states */
        {CELL "ExpandDims_1", SET_INPUT, {0}, 0, "previous_state_h/read", 0},
        {CELL "ExpandDims_2", SET_INPUT, {0}, 0, "previous_state_c/read", 0},
        {CELL "concat_1", SET_INPUT, {1}, 0, CELL "BlockLSTM", 6}, /* h before the mask */
        {CELL "concat", SET_INPUT, {1}, 0, CELL "BlockLSTM", 5},
        {CELL "concat", SWAP_INPUTS, {0}, 0, NULL, 0},
        {CELL "stack", SWAP_INPUTS, {0}, 0, NULL, 0},
        {CELL "stack_1", SWAP_INPUTS, {0}, 0, NULL, 0},
        {CELL "range/limit", SET_INTS, {2}, 0, NULL, 0},
        {CELL "concat/axis", SET_INTS, {1}, 0, NULL, 0},
        /* the states themselves */
        {CELL "BlockLSTM", SET_INPUT, {2}, 0, "previous_state_h/read", 0},
        /* the rows */
        {"transpose/perm", SET_INTS, {0, 1, 2, 3}, 0, NULL, 0},
        {"Reshape_1/shape", SET_INTS, {1, 10, 4}, 0, NULL, 0},
        {"raw_logits/shape", SET_INTS, {1, 10, 29}, 0, NULL, 0},
        {"Minimum_1/y", SET_FLOAT, {0}, -1.0f, NULL, 0},
        {"Relu_1", SET_OP, {0}, 0, "Tanh", 0},
    };

    (void)state;
    check_edits(edits, sizeof(edits) / sizeof(edits[0]), false);
}

static void what_makes_no_difference_is_fused(void **state) {
    static const struct edit edits[] = {
        {CELL "mul", SWAP_INPUTS, {0}, 0, NULL, 0},
        {"Minimum", SWAP_INPUTS, {0}, 0, NULL, 0},
        {"Add_2", SWAP_INPUTS, {0}, 0, NULL, 0},
        {"Add", SET_OP, {0}, 0, "BiasAdd", 0},
        {"Minimum_1/y", SET_FLOAT, {0}, 6.0f, NULL, 0},
        {"Reshape_1/shape", SET_INTS, {-1, 1, 4}, 0, NULL, 0},
        {"Reshape_1/shape", SET_INTS, {10, 1, -1}, 0, NULL, 0},
        {"Reshape_2/shape", SET_INTS, {10, 4}, 0, NULL, 0},
        {CELL "zeros", SET_OP, {0}, 0, "Const", 0}, /* nothing edited */
    };

    (void)state;
    check_edits(edits, sizeof(edits) / sizeof(edits[0]), true);
}

/* Marks the LSTM as one with peepholes of that value. */
static bool is_fused_with_peepholes(float value) {
    static const struct dsi_attr attr = {.name = "use_peephole", .kind = DSI_ATTR_BOOL, .u.i = 1};
    float peepholes[4] = {0.0f, value, 0.0f, 0.0f};
    struct file file;
    uint32_t node;
    bool fused;

    open_file(&file);
    assert_true(dsi_graph_find_node(&file.graph, CELL "BlockLSTM", &node));
    assert_int_equal(dsi_graph_set_attrs(&file.graph, node, &attr, 1, NULL), DSINFER_OK);
    get_node(&file.graph, CELL "zeros")->value.bytes.data = (const uint8_t *)peepholes;
    fused = is_fused(&file);
    close_file(&file);
    return fused;
}

static void peepholes_are_zero_only_if_they_cannot_matter(void **state) {
    (void)state;
    assert_true(is_fused_with_peepholes(0.0f));
    assert_true(is_fused_with_peepholes(2.2959e-41f)); /* as in the rounded files */
    assert_false(is_fused_with_peepholes(1e-20f));
    assert_false(is_fused_with_peepholes(-0.5f));
}

static void cutting_a_value_feeds_all_its_readers(void **state) {
    const struct dsi_shape shape = dsi_shape_make(2, (const int64_t[]){10, 4});
    struct dsi_cut_input input = {.name = "rows", .dtype = DSI_DTYPE_F32, .shape = shape};
    struct dsi_graph_port output = {.name = "same"};
    struct file file;

    (void)state;
    open_file(&file);
    assert_true(dsi_graph_find_node(&file.graph, "Minimum", &input.port.node));
    output.port = input.port; /* an input that is an output, too */
    assert_int_equal(dsi_convert_cut(&file.graph, &input, 1, &output, 1, NULL), DSINFER_OK);
    assert_int_equal(file.graph.n_inputs, 1);
    assert_string_equal(file.graph.inputs[0].name, "rows");
    assert_true(dsi_port_is_equal(file.graph.inputs[0].port, file.graph.outputs[0].port));
    assert_true(
        dsi_port_is_equal(get_node(&file.graph, "MatMul_1")->inputs[0], file.graph.inputs[0].port));
    assert_int_equal(dsi_convert_prune(&file.graph, NULL), DSINFER_OK);
    assert_int_equal(file.graph.n_nodes, 1);
    assert_string_equal(file.graph.nodes[0].name, "Minimum:0");
    assert_string_equal(file.graph.nodes[0].op, "Placeholder");
    close_file(&file);
}

static void pruning_keeps_what_outputs_need_and_the_order(void **state) {
    struct file file;
    struct dsi_graph_port output = {.name = "y"};
    size_t i;
    uint32_t before, after;

    (void)state;
    open_file(&file);
    assert_true(dsi_graph_find_node(&file.graph, "Minimum", &output.port.node));
    assert_int_equal(dsi_graph_set_outputs(&file.graph, &output, 1, NULL), DSINFER_OK);
    assert_int_equal(dsi_convert_prune(&file.graph, NULL), DSINFER_OK);
    assert_int_equal(dsi_graph_verify(&file.graph, NULL), DSINFER_OK);
    assert_int_equal(file.graph.n_nodes, 14);
    assert_string_equal(file.graph.nodes[file.graph.outputs[0].port.node].name, "Minimum");
    assert_true(dsi_graph_find_node(&file.graph, "MatMul", &before));
    assert_true(dsi_graph_find_node(&file.graph, "Relu", &after));
    assert_true(before < after);
    for (i = 0; i < file.graph.n_nodes; i++) {
        assert_false(dsi_node_is_op(&file.graph.nodes[i], "BlockLSTM"));
    }
    close_file(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_differs_anywhere_is_not_fused),
        cmocka_unit_test(what_makes_no_difference_is_fused),
        cmocka_unit_test(peepholes_are_zero_only_if_they_cannot_matter),
        cmocka_unit_test(cutting_a_value_feeds_all_its_readers),
        cmocka_unit_test(pruning_keeps_what_outputs_need_and_the_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
