/* model/graphdef: messages written by hand, right and wrong ones.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/graphdef/graphdef.h"

#include "runtime/base/alloc.h"
#include "tests/support/graphdef.h"
#include "tests/support/rng.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static void inputs_may_name_later_nodes_and_outputs(void **state) {
    struct test_wire message = {0};
    struct test_wire sum = test_wire_node("sum", "Add");
    struct test_wire left = test_wire_node("left/in", "Placeholder");
    struct test_wire right = test_wire_node("right", "Split");
    struct dsi_graph graph = {0};

    (void)state;
    test_wire_text(&sum, 3, "left/in");
    test_wire_text(&sum, 3, "^right");
    test_wire_text(&sum, 3, "right:12");
    test_wire_message(&message, 1, &sum);
    test_wire_message(&message, 1, &left);
    test_wire_message(&message, 1, &right);
    assert_int_equal(test_read_graphdef(&graph, &message, NULL), DSINFER_OK);
    assert_int_equal(graph.n_nodes, 3);
    assert_int_equal(graph.nodes[0].n_inputs, 2);
    assert_int_equal(graph.nodes[0].inputs[0].node, 1);
    assert_int_equal(graph.nodes[0].inputs[0].output, 0);
    assert_int_equal(graph.nodes[0].inputs[1].node, 2);
    assert_int_equal(graph.nodes[0].inputs[1].output, 12);
    dsi_graph_finish(&graph);
    test_wire_finish(&message);
}

static void inputs_that_name_nothing_are_refused(void **state) {
    static const char *const inputs[] = {
        "y", "", ":0", "xx", "x:", "x:a", "x:-1", "x:999999", "x:0:0"};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
        struct test_wire message = {0};
        struct test_wire x = test_wire_node("x", "Placeholder");
        struct test_wire user = test_wire_node("user", "Identity");

        test_wire_text(&user, 3, inputs[i]);
        test_wire_message(&message, 1, &x);
        test_wire_message(&message, 1, &user);
        test_graphdef_refused(&message, DSINFER_ERR_MALFORMED, "node 'user' has the input '");
    }
}

static void attributes_of_every_kind_are_kept(void **state) {
    static const int64_t dims[] = {1, -1, 26};
    struct test_wire message = {0};
    struct test_wire node = test_wire_node("n", "Op");
    struct test_wire shape = test_wire_shape(3, dims);
    struct test_wire packed = {0}, single = {0}, types = {0}, entry = {0}, value = {0};
    struct dsi_graph graph = {0};
    const struct dsi_attr *attr;

    (void)state;
    test_wire_attr_int(&node, "i", KIND_I, (uint64_t)-5);
    test_wire_attr_int(&node, "b", KIND_B, 1);
    test_wire_attr_int(&node, "type", KIND_TYPE, TYPE_INT64);
    test_wire_attr_int(&node, "reference", KIND_TYPE, 100 + TYPE_FLOAT);
    test_wire_attr_int(&node, "other", KIND_TYPE, TYPE_DOUBLE);
    test_wire_attr_bytes(&node, "s", KIND_S, "a\0b", 3);
    test_wire_attr_message(&node, "shape", KIND_SHAPE, &shape);
    test_wire_bytes(&packed, 3, "\x01\x02\xac\x02", 4);
    test_wire_attr_message(&node, "packed", KIND_LIST, &packed);
    test_wire_int(&single, 3, 7);
    test_wire_int(&single, 3, 8);
    test_wire_attr_message(&node, "single", KIND_LIST, &single);
    test_wire_int(&types, 6, TYPE_FLOAT);
    test_wire_attr_message(&node, "types", KIND_LIST, &types);
    test_wire_attr_bytes(&node, "func", 10, "\x0a\x01x", 3);
    test_wire_float(&value, KIND_F, -1.5f);
    test_wire_message(&entry, 2, &value); /* value before key */
    test_wire_text(&entry, 1, "f");
    test_wire_message(&node, 5, &entry);
    test_read_node(&graph, &message, &node);

    assert_int_equal(dsi_node_get_int(graph.nodes, "i", 0), -5);
    assert_true(dsi_node_get_float(graph.nodes, "f", 0.0f) == -1.5f);
    assert_true(dsi_node_get_bool(graph.nodes, "b", false));
    assert_int_equal(dsi_node_get_type(graph.nodes, "type", DSI_DTYPE_NONE), DSI_DTYPE_I64);
    assert_int_equal(dsi_node_get_type(graph.nodes, "reference", DSI_DTYPE_NONE), DSI_DTYPE_F32);
    assert_int_equal(dsi_node_get_type(graph.nodes, "other", DSI_DTYPE_F32), DSI_DTYPE_NONE);
    attr = dsi_node_find_attr(graph.nodes, "s");
    assert_int_equal(attr->u.bytes.size, 3);
    assert_memory_equal(attr->u.bytes.data, "a\0b", 3);
    attr = dsi_node_find_attr(graph.nodes, "shape");
    assert_int_equal(attr->u.shape.rank, 3);
    assert_memory_equal(attr->u.shape.dims, dims, sizeof(dims));
    attr = dsi_node_find_attr(graph.nodes, "packed");
    assert_int_equal(attr->u.ints.n_values, 3);
    assert_int_equal(attr->u.ints.values[2], 300);
    attr = dsi_node_find_attr(graph.nodes, "single");
    assert_int_equal(attr->u.ints.n_values, 2);
    assert_int_equal(attr->u.ints.values[1], 8);
    assert_null(dsi_node_find_attr(graph.nodes, "types"));
    assert_null(dsi_node_find_attr(graph.nodes, "func"));
    dsi_graph_finish(&graph);
    test_wire_finish(&message);
}

static void a_shape_of_unknown_rank_is_no_attribute(void **state) {
    struct test_wire message = {0}, shape = {0};
    struct test_wire node = test_wire_node("n", "Placeholder");
    struct dsi_graph graph = {0};

    (void)state;
    test_wire_int(&shape, 3, 1);
    test_wire_attr_message(&node, "shape", KIND_SHAPE, &shape);
    test_read_node(&graph, &message, &node);
    assert_null(dsi_node_find_attr(graph.nodes, "shape"));
    dsi_graph_finish(&graph);
    test_wire_finish(&message);
}

static void what_is_there_twice_is_refused(void **state) {
    struct test_wire node = test_wire_node("n", "Op");
    struct test_wire tensor = test_wire_tensor(TYPE_FLOAT, 1), message = {0}, other;

    (void)state;
    test_wire_text(&node, 1, "m");
    test_node_refused(&node, DSINFER_ERR_MALFORMED, "field 1 at byte 9 is there for the second");

    test_wire_bytes(&tensor, TENSOR_CONTENT, "1234", 4);
    test_wire_bytes(&tensor, TENSOR_CONTENT, "5678", 4);
    node = test_wire_const("k", TYPE_FLOAT, &tensor);
    test_node_refused(&node, DSINFER_ERR_MALFORMED, "field 4 at byte ");

    node = test_wire_node("n", "Op");
    test_wire_attr_int(&node, "T", KIND_I, 1);
    test_wire_attr_int(&node, "T", KIND_I, 2);
    test_node_refused(&node, DSINFER_ERR_MALFORMED, "attribute 'T' twice");

    node = test_wire_node("n", "Op");
    other = test_wire_node("n", "Op");
    test_wire_message(&message, 1, &node);
    test_wire_message(&message, 1, &other);
    test_graphdef_refused(&message, DSINFER_ERR_MALFORMED, "'n'");
}

static void names_are_text(void **state) {
    struct test_wire node = {0};

    (void)state;
    test_wire_bytes(&node, 1, "a\0b", 3);
    test_node_refused(&node, DSINFER_ERR_MALFORMED, "field 1 at byte 2 should be text");
    test_wire_text(&node, 1, "a\xff");
    test_node_refused(&node, DSINFER_ERR_MALFORMED, "byte 1 of it is 0xff");
    test_wire_text(&node, 2, "Op");
    test_node_refused(&node, DSINFER_ERR_MALFORMED, "has no name");
    test_wire_text(&node, 1, "n");
    test_node_refused(&node, DSINFER_ERR_MALFORMED, "node 'n' at byte 0 has no op");
}

static void unknown_fields_are_skipped(void **state) {
    struct test_wire message = {0};
    struct test_wire node = test_wire_node("n", "Op");
    struct dsi_graph graph = {0};

    (void)state;
    test_wire_int(&message, 3, 5);
    test_wire_float(&message, 77, 1.0f);
    test_wire_raw(&message, "\x41xxxxxxxx", 9); /* field 8, eight bytes */
    test_wire_text(&message, 536870911, "the largest number");
    test_wire_text(&node, 99, "new");
    test_wire_int(&node, 6, 1);
    test_read_node(&graph, &message, &node);
    assert_int_equal(graph.n_nodes, 1);
    assert_int_equal(graph.nodes[0].n_attrs, 0);
    dsi_graph_finish(&graph);
    test_wire_finish(&message);
}

static void fields_of_another_type_are_refused(void **state) {
    struct test_wire message = {0}, node;

    (void)state;
    test_wire_int(&message, 1, 5);
    test_graphdef_refused(&message, DSINFER_ERR_MALFORMED, "byte 0: a node was expected");

    node = test_wire_node("n", "Op");
    test_wire_int(&node, 3, 5);
    test_node_refused(&node, DSINFER_ERR_MALFORMED, "node 'n' at byte 0");

    node = test_wire_node("n", "Op");
    test_wire_int(&node, 5, 5);
    test_node_refused(&node, DSINFER_ERR_MALFORMED, "node 'n' at byte 0");
}

static void an_entry_without_a_value_is_dropped(void **state) {
    struct test_wire message = {0}, entry = {0};
    struct test_wire node = test_wire_node("n", "Op");
    struct dsi_graph graph = {0};

    (void)state;
    test_wire_text(&entry, 1, "empty");
    test_wire_message(&node, 5, &entry);
    test_read_node(&graph, &message, &node);
    assert_int_equal(graph.nodes[0].n_attrs, 0);
    dsi_graph_finish(&graph);
    test_wire_finish(&message);
}

/* Two bytes in the file, but some sixty in memory. */
static void many_tiny_fields_run_into_a_limit(void **state) {
    const size_t n = (size_t)2 << 20;
    struct test_wire node = test_wire_node("n", "Op");
    uint8_t *fields = malloc(n);
    size_t i;

    (void)state;
    assert_non_null(fields);
    for (i = 0; i < n; i += 2) {
        fields[i] = 5 << 3 | 2;
        fields[i + 1] = 0;
    }
    test_wire_raw(&node, fields, n);
    free(fields);
    test_node_refused(&node, DSINFER_ERR_LIMIT, "node 'n' at byte 0");
}

static void a_node_larger_than_the_limit_is_refused(void **state) {
    struct test_wire node = test_wire_node("n", "Op");
    const size_t size = (size_t)17 << 20;
    uint8_t *bytes = calloc(size, 1);

    (void)state;
    assert_non_null(bytes);
    test_wire_attr_bytes(&node, "s", KIND_S, bytes, size);
    free(bytes);
    test_node_refused(&node, DSINFER_ERR_LIMIT, "16777216");
}

/* A small graph with one of everything. */
static struct test_wire make_graph(void) {
    static const int64_t dims[] = {-1, 2};
    struct test_wire message = {0};
    struct test_wire tensor = test_wire_tensor(TYPE_FLOAT, 2);
    struct test_wire shape = test_wire_shape(2, dims);
    struct test_wire input = test_wire_node("x", "Placeholder");
    struct test_wire sum = test_wire_node("sum", "Add");
    struct test_wire strides = {0}, node;

    test_wire_attr_int(&input, "dtype", KIND_TYPE, TYPE_FLOAT);
    test_wire_attr_message(&input, "shape", KIND_SHAPE, &shape);
    test_wire_message(&message, 1, &input);
    test_wire_bytes(&tensor, TENSOR_CONTENT, "\0\0\x80\x3f\0\0\0\x40", 8);
    node = test_wire_const("weights", TYPE_FLOAT, &tensor);
    test_wire_message(&message, 1, &node);
    tensor = test_wire_tensor(TYPE_STRING, -1);
    test_wire_text(&tensor, STRINGS, "en");
    node = test_wire_const("language", TYPE_STRING, &tensor);
    test_wire_message(&message, 1, &node);
    test_wire_text(&sum, 3, "x");
    test_wire_text(&sum, 3, "weights:0");
    test_wire_text(&sum, 3, "^language");
    test_wire_bytes(&strides, 3, "\x01\x02", 2);
    test_wire_attr_message(&sum, "strides", KIND_LIST, &strides);
    test_wire_message(&message, 1, &sum);
    return message;
}

static void failed_allocations_leave_nothing_behind(void **state) {
    struct test_wire message = make_graph();
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    struct dsi_graph graph = {0};
    long k;

    (void)state;
    for (k = 0; status != DSINFER_OK; k++) {
        struct dsinfer_error err = {0};

        dsi_alloc_fail_after(k);
        status = test_read_graphdef(&graph, &message, &err);
        dsi_alloc_fail_after(-1);
        if (status != DSINFER_OK) {
            assert_int_equal(status, DSINFER_ERR_NO_MEMORY);
            assert_int_equal(err.status, status);
            assert_null(graph.nodes);
        }
        assert_true(k < 1000);
    }
    assert_true(k > 20);
    dsi_graph_finish(&graph);
    test_wire_finish(&message);
}

/* Reads a copy without a byte to spare; whatever is accepted must verify. */
static void read_exact(const uint8_t *bytes, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    struct dsinfer_error err = {0};
    struct dsi_graph graph = {0};

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    if (dsi_graphdef_read(&graph, (struct dsi_bytes){copy, size}, NULL, NULL, &err) == DSINFER_OK) {
        assert_int_equal(dsi_graph_verify(&graph, &err), DSINFER_OK);
    } else {
        assert_true(err.status != DSINFER_OK && err.message[0]);
    }
    dsi_graph_finish(&graph);
    free(copy);
}

static void a_graph_cut_anywhere_never_crashes(void **state) {
    struct test_wire message = make_graph();
    size_t size;

    (void)state;
    for (size = 0; size < message.size; size++) {
        read_exact(message.bytes, size);
    }
    test_wire_finish(&message);
}

static void any_flipped_bit_never_crashes(void **state) {
    struct test_wire message = make_graph();
    size_t i;

    (void)state;
    for (i = 0; i < 8 * message.size; i++) {
        message.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        read_exact(message.bytes, message.size);
        message.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    test_wire_finish(&message);
}

static void random_bytes_never_crash(void **state) {
    struct test_rng rng = {7};
    uint8_t bytes[200];
    size_t i, j;

    (void)state;
    for (i = 0; i < 20000; i++) {
        const size_t size = test_rng_next(&rng) % sizeof(bytes);

        for (j = 0; j < size; j++) {
            bytes[j] = (uint8_t)(test_rng_next(&rng) % (i % 2 ? 256 : 32));
        }
        if (size > 1) {
            bytes[0] = 0x0a;
            bytes[1] = (uint8_t)(size - 2);
        }
        read_exact(bytes, size);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inputs_may_name_later_nodes_and_outputs),
        cmocka_unit_test(inputs_that_name_nothing_are_refused),
        cmocka_unit_test(attributes_of_every_kind_are_kept),
        cmocka_unit_test(a_shape_of_unknown_rank_is_no_attribute),
        cmocka_unit_test(what_is_there_twice_is_refused),
        cmocka_unit_test(names_are_text),
        cmocka_unit_test(unknown_fields_are_skipped),
        cmocka_unit_test(fields_of_another_type_are_refused),
        cmocka_unit_test(an_entry_without_a_value_is_dropped),
        cmocka_unit_test(many_tiny_fields_run_into_a_limit),
        cmocka_unit_test(a_node_larger_than_the_limit_is_refused),
        cmocka_unit_test(failed_allocations_leave_nothing_behind),
        cmocka_unit_test(a_graph_cut_anywhere_never_crashes),
        cmocka_unit_test(any_flipped_bit_never_crashes),
        cmocka_unit_test(random_bytes_never_crash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
