/* Roles of the genuine graphs, and of graphs that are none.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/format.h"
#include "model/metadata.h"
#include "model/signature.h"
#include "runtime/base/mapped_file.h"
#include "tests/support/test.h"

#include <string.h>

#define FUSED_CELL "lstm_fused_cell/"
#define CUDNN_CELL "cudnn_lstm/rnn/multi_rnn_cell/cell_0/cudnn_compatible_lstm_cell/"

/* A genuine file and what it is. */
struct genuine {
    const char *path;
    const char *ports[DSI_N_ROLES];
    enum dsinfer_family family;
    size_t n_cell;
    bool has_softmax;
};

#define VARIABLES "input_node", "previous_state_h/read", "previous_state_c/read", "input_lengths"
#define PLACEHOLDERS "input_node", "previous_state_h", "previous_state_c", "input_lengths"
#define NEW_STATES(cell) cell "GatherNd_1", cell "GatherNd"

static const struct genuine GENUINE[] = {
    {"ds030-h64-s7/output_graph.pb",
     {VARIABLES, "logits", NEW_STATES(FUSED_CELL)},
     DSINFER_FAMILY_DS03,
     64,
     false},
    {"ds030-h64-s7/output_graph.rounded.pbmm",
     {VARIABLES, "logits", NEW_STATES(FUSED_CELL)},
     DSINFER_FAMILY_DS03,
     64,
     false},
    {"ds030-h100-s11/output_graph.pb",
     {VARIABLES, "logits", NEW_STATES(FUSED_CELL)},
     DSINFER_FAMILY_DS03,
     100,
     false},
    {"ds030-tf16-h64-s7/output_graph.pb",
     {VARIABLES, "logits", FUSED_CELL "Gather_1", FUSED_CELL "Gather"},
     DSINFER_FAMILY_DS03,
     64,
     false},
    {"ds041-h40-s2/output_graph.pb",
     {VARIABLES, "logits", NEW_STATES(FUSED_CELL)},
     DSINFER_FAMILY_DS04,
     40,
     true},
    {"ds051-h40-s3/output_graph.pb",
     {VARIABLES, "logits", NEW_STATES(FUSED_CELL)},
     DSINFER_FAMILY_DS05,
     40,
     true},
    {"ds061-h40-s4/output_graph.pb",
     {PLACEHOLDERS, "logits", NEW_STATES(CUDNN_CELL)},
     DSINFER_FAMILY_DS06,
     40,
     true},
    {"ds093-h64-s7/output_graph.pbmm",
     {PLACEHOLDERS, "logits", NEW_STATES(CUDNN_CELL)},
     DSINFER_FAMILY_DS07,
     64,
     true},
};

static void read_graph(const char *path, struct dsi_mapped_file *file, struct dsi_graph *graph) {
    struct dsi_model_source source = {.file = file};
    const struct dsi_model_format *format;
    char full_path[TEST_PATH_SIZE];
    struct dsinfer_error err;

    test_shared_path(full_path, "oracle/graphs/%s", path);
    assert_int_equal(dsi_mapped_file_open(file, full_path, &err), DSINFER_OK);
    source.bytes = file->bytes;
    if (dsi_model_format_read(graph, &format, &source, &err) != DSINFER_OK) {
        fail_msg("%s: %s", path, err.message);
    }
}

static void close_graph(struct dsi_mapped_file *file, struct dsi_graph *graph) {
    dsi_graph_finish(graph);
    dsi_mapped_file_close(file);
}

static void roles_of_genuine_graphs_are_found(void **state) {
    size_t i;
    size_t role;

    (void)state;
    for (i = 0; i < sizeof(GENUINE) / sizeof(GENUINE[0]); i++) {
        struct dsi_mapped_file file;
        struct dsi_graph graph;
        struct dsi_signature signature;
        struct dsi_metadata metadata;
        struct dsinfer_error err;

        read_graph(GENUINE[i].path, &file, &graph);
        if (dsi_signature_find(&graph, &signature, &err) != DSINFER_OK) {
            fail_msg("%s: %s", GENUINE[i].path, err.message);
        }
        for (role = 0; role < DSI_N_ROLES; role++) {
            assert_string_equal(graph.nodes[signature.ports[role].node].name,
                                GENUINE[i].ports[role]);
            assert_int_equal(signature.ports[role].output, 0);
        }
        assert_true(signature.has_lengths);
        assert_int_equal(signature.has_softmax, GENUINE[i].has_softmax);
        assert_int_equal(signature.n_steps, 16);
        assert_int_equal(signature.n_streams, 1);
        assert_int_equal(signature.n_context, 9);
        assert_int_equal(signature.n_features, 26);
        assert_int_equal(signature.n_cell, GENUINE[i].n_cell);
        assert_int_equal(signature.n_labels, 29);
        assert_int_equal(dsi_metadata_read(&graph, &signature, &metadata, NULL), DSINFER_OK);
        assert_int_equal(metadata.family, GENUINE[i].family);
        assert_int_equal(metadata.sample_rate, 16000);
        close_graph(&file, &graph);
    }
}

/* Swaps what two nodes are called. */
static void swap_names(struct dsi_graph *graph, const char *a, const char *b) {
    uint32_t node_a, node_b;
    const char *name;

    assert_true(dsi_graph_find_node(graph, a, &node_a));
    assert_true(dsi_graph_find_node(graph, b, &node_b));
    name = graph->nodes[node_a].name;
    graph->nodes[node_a].name = graph->nodes[node_b].name;
    graph->nodes[node_b].name = name;
}

static void names_do_not_decide_which_state_is_which(void **state) {
    struct dsi_mapped_file file;
    struct dsi_graph graph;
    struct dsi_signature before;
    struct dsi_signature after;

    (void)state;
    read_graph(GENUINE[0].path, &file, &graph);
    assert_int_equal(dsi_signature_find(&graph, &before, NULL), DSINFER_OK);
    swap_names(&graph, FUSED_CELL "GatherNd", FUSED_CELL "GatherNd_1");
    swap_names(&graph, "previous_state_c", "previous_state_h");
    swap_names(&graph, "logits", "input_node");
    assert_int_equal(dsi_signature_find(&graph, &after, NULL), DSINFER_OK);
    assert_memory_equal(before.ports, after.ports, sizeof(before.ports));
    close_graph(&file, &graph);
}

/* Lets a node be of another op and expects that error. */
static void expect_without(const char *node_name, const char *op, enum dsinfer_status expected,
                           const char *text) {
    struct dsi_mapped_file file;
    struct dsi_graph graph;
    struct dsi_signature signature;
    struct dsinfer_error err;
    uint32_t node;

    read_graph(GENUINE[0].path, &file, &graph);
    assert_true(dsi_graph_find_node(&graph, node_name, &node));
    graph.nodes[node].op = op;
    memset(&signature, 0x55, sizeof(signature));
    assert_int_equal(dsi_signature_find(&graph, &signature, &err), expected);
    if (!strstr(err.message, text)) {
        fail_msg("'%s' does not name '%s'", err.message, text);
    }
    assert_int_equal(signature.n_cell, (size_t)0x5555555555555555u); /* untouched */
    close_graph(&file, &graph);
}

static void a_missing_role_is_named(void **state) {
    (void)state;
    expect_without("input_node", "Const", DSINFER_ERR_MALFORMED, "windows");
    expect_without("previous_state_h", "Foo", DSINFER_ERR_MALFORMED, "no h:");
    expect_without("previous_state_c", "Foo", DSINFER_ERR_MALFORMED, "no c:");
    expect_without("raw_logits", "Foo", DSINFER_ERR_MALFORMED, "logits");
    expect_without(FUSED_CELL "GatherNd", "Foo", DSINFER_ERR_MALFORMED, "new_c");
    expect_without(FUSED_CELL "GatherNd_1", "Foo", DSINFER_ERR_MALFORMED, "new_h");
    expect_without(FUSED_CELL "BlockLSTM", "Foo", DSINFER_ERR_MALFORMED, "logits");
    expect_without(FUSED_CELL "kernel", "Foo", DSINFER_ERR_UNSUPPORTED, "frozen");
    expect_without("h6", "Foo", DSINFER_ERR_MALFORMED, "logits");
}

static void a_second_lstm_is_refused(void **state) {
    (void)state;
    expect_without("Relu", "BlockLSTM", DSINFER_ERR_UNSUPPORTED, "more than one");
}

static void the_bidirectional_network_is_unsupported(void **state) {
    struct dsi_mapped_file file;
    struct dsi_graph graph;
    struct dsi_signature signature;
    struct dsinfer_error err;

    (void)state;
    read_graph("ds011-h64-s7/output_graph.pb", &file, &graph);
    assert_int_equal(dsi_signature_find(&graph, &signature, &err), DSINFER_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "0.1"));
    close_graph(&file, &graph);
}

static void a_truncated_graph_lacks_its_outputs(void **state) {
    struct dsi_mapped_file file;
    struct dsi_graph graph;
    struct dsi_signature signature;
    struct dsinfer_error err;

    (void)state;
    read_graph("errors/truncated-between-nodes.pb", &file, &graph);
    assert_int_equal(dsi_signature_find(&graph, &signature, &err), DSINFER_ERR_MALFORMED);
    assert_non_null(strstr(err.message, "logits"));
    close_graph(&file, &graph);
}

static void every_family_is_found_by_its_name(void **state) {
    int family;

    (void)state;
    for (family = DSINFER_FAMILY_DS01; family <= DSINFER_FAMILY_DS07; family++) {
        assert_int_equal(dsinfer_family_find(dsinfer_family_name((enum dsinfer_family)family)),
                         family);
    }
    assert_string_equal(dsinfer_family_name(DSINFER_FAMILY_UNKNOWN), "unknown");
    assert_string_equal(dsinfer_family_name((enum dsinfer_family)99), "unknown");
    assert_int_equal(dsinfer_family_find("unknown"), DSINFER_FAMILY_UNKNOWN);
    assert_int_equal(dsinfer_family_find(NULL), DSINFER_FAMILY_UNKNOWN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_of_genuine_graphs_are_found),
        cmocka_unit_test(names_do_not_decide_which_state_is_which),
        cmocka_unit_test(a_missing_role_is_named),
        cmocka_unit_test(a_second_lstm_is_refused),
        cmocka_unit_test(the_bidirectional_network_is_unsupported),
        cmocka_unit_test(a_truncated_graph_lacks_its_outputs),
        cmocka_unit_test(every_family_is_found_by_its_name),
    };

    if (!test_has_shared()) {
        return TEST_SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
