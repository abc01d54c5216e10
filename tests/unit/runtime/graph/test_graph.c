/* graph: building, checking, ordering.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/graph/graph.h"

#include "runtime/base/alloc.h"
#include "tests/support/graph_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANY SHAPE(1)

static void expect_malformed(const struct dsi_graph *graph, const char *what) {
    struct dsinfer_error err = {0};

    assert_int_equal(dsi_graph_verify(graph, &err), DSINFER_ERR_MALFORMED);
    if (!strstr(err.message, what)) {
        fail_msg("'%s' does not mention %s", err.message, what);
    }
}

static void a_zeroed_graph_can_be_finished(void **state) {
    struct dsi_graph graph = {0};

    (void)state;
    dsi_graph_finish(&graph);
}

static void attributes_are_deep_copies_and_have_kinds(void **state) {
    char name[] = "text", bytes[] = "abc";
    int64_t ints[] = {3, 5};
    const struct dsi_attr attrs[] = {
        {.name = name, .kind = DSI_ATTR_STRING, .u.bytes = {(const uint8_t *)bytes, 3}},
        {.name = "ints", .kind = DSI_ATTR_INTS, .u.ints = {ints, 2}},
        ATTR_FLOAT("clip", 2.5f),
        ATTR_BOOL("on", true),
        ATTR_INT("i", 7),
        ATTR_TYPE("T", DSI_DTYPE_I64),
    };
    const struct dsi_attr *attr;
    struct dsi_graph graph;
    struct dsi_node *node;
    struct dsi_port a;

    (void)state;
    dsi_graph_init(&graph);
    a = test_add_node(&graph, "a", "NoOp", NULL, 0);
    test_set_attrs(&graph, a, attrs, 6);
    name[0] = bytes[0] = '?';
    ints[1] = 0;
    node = &graph.nodes[a.node];
    attr = dsi_node_find_attr(node, "text");
    assert_non_null(attr);
    assert_memory_equal(attr->u.bytes.data, "abc", 3);
    attr = dsi_node_find_attr(node, "ints");
    assert_non_null(attr);
    assert_int_equal(attr->u.ints.values[1], 5);
    assert_true(dsi_node_get_float(node, "clip", 1.0f) == 2.5f);
    assert_true(dsi_node_get_float(node, "i", 1.0f) == 1.0f); /* another kind */
    assert_true(dsi_node_get_bool(node, "on", false));
    assert_int_equal(dsi_node_get_int(node, "i", 0), 7);
    assert_int_equal(dsi_node_get_int(node, "none", -1), -1);
    assert_int_equal(dsi_node_get_type(node, "T", DSI_DTYPE_NONE), DSI_DTYPE_I64);
    assert_null(dsi_node_find_attr(node, "?ext"));
    dsi_graph_finish(&graph);
}

static void a_copy_can_be_changed_alone(void **state) {
    struct dsi_graph graph, copy;
    struct dsi_port a, b, sum;
    uint32_t found;

    (void)state;
    dsi_graph_init(&graph);
    a = F32(&graph, "a", ANY, 1.0f);
    b = F32(&graph, "b", ANY, 2.0f);
    sum = NODE(&graph, "sum", "Add", a, b);
    OUTPUTS(&graph, sum);
    assert_int_equal(dsi_graph_copy(&graph, &copy, NULL), DSINFER_OK);
    copy.nodes[sum.node].inputs[0] = b;
    NODE(&copy, "more", "Identity", sum);
    assert_true(dsi_port_is_equal(graph.nodes[sum.node].inputs[0], a));
    assert_false(dsi_graph_find_node(&graph, "more", &found));
    assert_true(dsi_graph_find_node(&copy, "more", &found));
    assert_int_equal(found, 3);
    assert_ptr_equal(copy.nodes[0].value.bytes.data, graph.nodes[0].value.bytes.data);
    assert_string_equal(copy.outputs[0].name, "sum");
    assert_int_equal(dsi_graph_verify(&copy, NULL), DSINFER_OK);
    dsi_graph_finish(&copy);
    dsi_graph_finish(&graph);
}

static void a_missing_node_is_named(void **state) {
    struct dsi_graph graph;
    struct dsi_port a;

    (void)state;
    dsi_graph_init(&graph);
    a = F32(&graph, "a", ANY, 1.0f);
    NODE(&graph, "lost", "Add", a, {17, 0});
    expect_malformed(&graph, "'lost'");
    dsi_graph_finish(&graph);
}

static void equal_names_are_refused(void **state) {
    struct dsi_graph graph;

    (void)state;
    dsi_graph_init(&graph);
    F32(&graph, "twin", ANY, 1.0f);
    F32(&graph, "other", ANY, 1.0f);
    F32(&graph, "twin", ANY, 1.0f);
    expect_malformed(&graph, "'twin'");
    dsi_graph_finish(&graph);
}

static void a_constant_must_fit_its_shape(void **state) {
    struct dsi_graph graph;
    struct dsi_port a;

    (void)state;
    dsi_graph_init(&graph);
    a = F32(&graph, "short", SHAPE(2), 1.0f, 2.0f);
    assert_int_equal(dsi_graph_verify(&graph, NULL), DSINFER_OK);
    graph.nodes[a.node].value.shape = SHAPE(3);
    expect_malformed(&graph, "'short' has 8 bytes");
    graph.nodes[a.node].value.shape = SHAPE(INT64_MAX, INT64_MAX);
    expect_malformed(&graph, "impossible");
    graph.nodes[a.node].value.shape = SHAPE(-1, 2);
    expect_malformed(&graph, "[?,2]");
    graph.nodes[a.node].value.dtype = DSI_DTYPE_NONE;
    expect_malformed(&graph, "no value");
    dsi_graph_finish(&graph);
}

static void a_cycle_is_refused(void **state) {
    struct dsi_graph graph;
    struct dsi_port a, first, second;

    (void)state;
    dsi_graph_init(&graph);
    a = F32(&graph, "a", ANY, 1.0f);
    first = NODE(&graph, "first", "Add", a, a);
    second = NODE(&graph, "second", "Relu", first);
    assert_int_equal(dsi_graph_verify(&graph, NULL), DSINFER_OK);
    graph.nodes[first.node].inputs[1] = second;
    expect_malformed(&graph, "second");
    graph.nodes[first.node].inputs[1] = first;
    expect_malformed(&graph, "'first'");
    dsi_graph_finish(&graph);
}

static void a_loop_of_tensorflow_is_no_cycle(void **state) {
    struct dsi_graph graph;
    struct dsi_port a, merge, next;

    (void)state;
    dsi_graph_init(&graph);
    a = F32(&graph, "a", ANY, 1.0f);
    merge = NODE(&graph, "merge", "Merge", a, a);
    next = NODE(&graph, "next", "NextIteration", merge);
    graph.nodes[merge.node].inputs[1] = next;
    assert_int_equal(dsi_graph_verify(&graph, NULL), DSINFER_OK);
    dsi_graph_finish(&graph);
}

static void order_is_by_rank_then_by_index(void **state) {
    const uint32_t expected[] = {2, 3, 4, 1, 0};
    uint32_t order[6];
    struct dsi_graph graph;
    struct dsi_port last, middle, a, b, other;
    size_t n_order = 0;

    (void)state;
    dsi_graph_init(&graph);
    last = NODE(&graph, "last", "Add", {0, 0}, {0, 0});
    middle = NODE(&graph, "middle", "Add", {0, 0}, {0, 0});
    a = F32(&graph, "a", ANY, 1.0f);
    b = F32(&graph, "b", ANY, 1.0f);
    other = NODE(&graph, "other", "Relu", b);
    graph.nodes[last.node].inputs[0] = middle;
    graph.nodes[last.node].inputs[1] = a;
    graph.nodes[middle.node].inputs[0] = a;
    graph.nodes[middle.node].inputs[1] = other;
    graph.nodes[middle.node].inputs[0] = b;
    NODE(&graph, "unneeded", "Relu", a);
    OUTPUTS(&graph, last);
    assert_int_equal(dsi_graph_order(&graph, order, &n_order, NULL), DSINFER_OK);
    assert_int_equal(n_order, 5);
    assert_memory_equal(order, expected, sizeof(expected));
    OUTPUTS(&graph, last, a);
    graph.n_outputs = 0;
    assert_int_equal(dsi_graph_order(&graph, order, &n_order, NULL), DSINFER_OK);
    assert_int_equal(n_order, 6);
    dsi_graph_finish(&graph);
}

static void graph_inputs_are_not_looked_behind(void **state) {
    uint32_t order[4];
    struct dsi_graph graph;
    struct dsi_port a, cut, end;
    size_t n_order = 0;

    (void)state;
    dsi_graph_init(&graph);
    a = F32(&graph, "a", ANY, 1.0f);
    cut = NODE(&graph, "cut", "Split", a);
    end = NODE(&graph, "end", "Relu", cut);
    INPUTS(&graph, cut);
    OUTPUTS(&graph, end);
    assert_int_equal(dsi_graph_order(&graph, order, &n_order, NULL), DSINFER_OK);
    assert_int_equal(n_order, 2);
    assert_int_equal(order[0], cut.node);
    /* Its other output is not cut. */
    OUTPUTS(&graph, end, test_output_of(cut, 1));
    assert_int_equal(dsi_graph_order(&graph, order, &n_order, NULL), DSINFER_OK);
    assert_int_equal(n_order, 3);
    assert_int_equal(order[0], a.node);
    dsi_graph_finish(&graph);
}

static void a_chain_of_all_nodes_needs_no_deep_stack(void **state) {
    uint32_t *order = malloc(DSI_GRAPH_MAX_NODES * sizeof(*order));
    struct dsi_graph graph;
    struct dsinfer_error err = {0};
    size_t n_order = 0;
    uint32_t node;
    size_t i;

    (void)state;
    assert_non_null(order);
    dsi_graph_init(&graph);
    for (i = 0; i < DSI_GRAPH_MAX_NODES; i++) {
        char name[32];
        /* Backwards, the worst order. */
        const uint32_t next = (uint32_t)(i + 1);

        snprintf(name, sizeof(name), "a/rather/long/prefix/%zu", i);
        if (i + 1 < DSI_GRAPH_MAX_NODES) {
            NODE(&graph, name, "Identity", {next, 0});
        } else {
            F32(&graph, name, ANY, 1.0f);
        }
    }
    assert_int_equal(dsi_graph_verify(&graph, NULL), DSINFER_OK);
    assert_int_equal(dsi_graph_order(&graph, order, &n_order, NULL), DSINFER_OK);
    assert_int_equal(n_order, DSI_GRAPH_MAX_NODES);
    assert_int_equal(order[0], DSI_GRAPH_MAX_NODES - 1);
    assert_int_equal(dsi_graph_add_node(&graph, "more", "NoOp", 0, &node, &err), DSINFER_ERR_LIMIT);
    assert_non_null(strstr(err.message, "65536"));
    dsi_graph_finish(&graph);
    free(order);
}

static void memory_of_a_graph_is_limited(void **state) {
    static char name[1 << 20];
    enum dsinfer_status status = DSINFER_OK;
    struct dsi_graph graph;
    uint32_t node;
    size_t i;

    (void)state;
    memset(name, 'x', sizeof(name) - 1);
    dsi_graph_init(&graph);
    for (i = 0; status == DSINFER_OK && i < 100; i++) {
        status = dsi_graph_add_node(&graph, name, "NoOp", 0, &node, NULL);
    }
    assert_int_equal(status, DSINFER_ERR_LIMIT);
    assert_int_equal(i, 48);
    assert_int_equal(dsi_graph_add_node(&graph, "a", "NoOp", DSI_GRAPH_MAX_INPUTS + 1, &node, NULL),
                     DSINFER_ERR_LIMIT);
    dsi_graph_finish(&graph);
}

/* Everything that allocates, once. */
static enum dsinfer_status build_all(void) {
    const struct dsi_attr attrs[] = {{.name = "s", .kind = DSI_ATTR_STRING}};
    const struct dsi_graph_port port = {"a", {0, 0}};
    struct dsi_graph graph, copy = {0};
    uint32_t order[2];
    size_t n_order;
    uint32_t node;
    enum dsinfer_status status;

    dsi_graph_init(&graph);
    status = dsi_graph_add_node(&graph, "a", "NoOp", 0, &node, NULL);
    if (status == DSINFER_OK) {
        status = dsi_graph_set_attrs(&graph, 0, attrs, 1, NULL);
    }
    if (status == DSINFER_OK) {
        status = dsi_graph_set_outputs(&graph, &port, 1, NULL);
    }
    if (status == DSINFER_OK) {
        status = dsi_graph_verify(&graph, NULL);
    }
    if (status == DSINFER_OK) {
        status = dsi_graph_order(&graph, order, &n_order, NULL);
    }
    if (status == DSINFER_OK) {
        status = dsi_graph_copy(&graph, &copy, NULL);
    }
    dsi_graph_finish(&copy);
    dsi_graph_finish(&graph);
    return status;
}

static void every_failed_allocation_is_reported(void **state) {
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    long k;

    (void)state;
    for (k = 0; status != DSINFER_OK; k++) {
        dsi_alloc_fail_after(k);
        status = build_all();
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
    }
    assert_true(k > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zeroed_graph_can_be_finished),
        cmocka_unit_test(attributes_are_deep_copies_and_have_kinds),
        cmocka_unit_test(a_copy_can_be_changed_alone),
        cmocka_unit_test(a_missing_node_is_named),
        cmocka_unit_test(equal_names_are_refused),
        cmocka_unit_test(a_constant_must_fit_its_shape),
        cmocka_unit_test(a_cycle_is_refused),
        cmocka_unit_test(a_loop_of_tensorflow_is_no_cycle),
        cmocka_unit_test(order_is_by_rank_then_by_index),
        cmocka_unit_test(graph_inputs_are_not_looked_behind),
        cmocka_unit_test(a_chain_of_all_nodes_needs_no_deep_stack),
        cmocka_unit_test(memory_of_a_graph_is_limited),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
