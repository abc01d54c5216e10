/* model/graphdef/constant: values in place and listed, right and wrong ones.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/graphdef/graphdef.h"

#include "tests/support/graphdef.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static void listed_values_repeat_the_last_and_none_are_zeros(void **state) {
    static const float floats[] = {1.5f, -2.0f};
    static const float expected[] = {1.5f, -2.0f, -2.0f, -2.0f};
    struct test_wire message = {0};
    struct test_wire tensor = test_wire_tensor(TYPE_FLOAT, 4);
    struct test_wire node;
    struct dsi_graph graph = {0};

    (void)state;
    test_wire_bytes(&tensor, FLOATS, floats, sizeof(floats));
    node = test_wire_const("packed", TYPE_FLOAT, &tensor);
    test_wire_message(&message, 1, &node);

    tensor = test_wire_tensor(TYPE_FLOAT, 4);
    test_wire_float(&tensor, FLOATS, 1.5f);
    test_wire_float(&tensor, FLOATS, -2.0f);
    node = test_wire_const("single", TYPE_FLOAT, &tensor);
    test_wire_message(&message, 1, &node);

    tensor = test_wire_tensor(TYPE_INT64, 3);
    node = test_wire_const("zeros", TYPE_INT64, &tensor);
    test_wire_message(&message, 1, &node);

    tensor = test_wire_tensor(TYPE_BOOL, 3);
    test_wire_bytes(&tensor, BOOLS, "\x01\x00", 2);
    node = test_wire_const("bools", TYPE_BOOL, &tensor);
    test_wire_message(&message, 1, &node);

    tensor = test_wire_tensor(TYPE_INT32, -1);
    test_wire_int(&tensor, INTS, (uint64_t)-1);
    node = test_wire_const("scalar", TYPE_INT32, &tensor);
    test_wire_message(&message, 1, &node);

    tensor = test_wire_tensor(TYPE_FLOAT, 0);
    node = test_wire_const("nothing", TYPE_FLOAT, &tensor);
    test_read_node(&graph, &message, &node);

    assert_int_equal(graph.nodes[0].value.bytes.size, sizeof(expected));
    assert_memory_equal(graph.nodes[0].value.bytes.data, expected, sizeof(expected));
    assert_memory_equal(graph.nodes[1].value.bytes.data, expected, sizeof(expected));
    assert_null(graph.nodes[0].value.file);
    assert_int_equal(graph.nodes[2].value.bytes.size, 24);
    assert_int_equal(dsi_tensor_get_int(&graph.nodes[2].value, 2), 0);
    assert_int_equal(dsi_tensor_get_int(&graph.nodes[3].value, 0), 1);
    assert_int_equal(dsi_tensor_get_int(&graph.nodes[3].value, 2), 0);
    assert_int_equal(graph.nodes[4].value.shape.rank, 0);
    assert_int_equal(dsi_tensor_get_int(&graph.nodes[4].value, 0), -1);
    assert_int_equal(graph.nodes[5].value.bytes.size, 0);
    dsi_graph_finish(&graph);
    test_wire_finish(&message);
}

static void a_string_constant_is_its_first_string(void **state) {
    struct test_wire message = {0};
    struct test_wire tensor = test_wire_tensor(TYPE_STRING, 2);
    struct test_wire node;
    struct dsi_graph graph = {0};

    (void)state;
    test_wire_bytes(&tensor, STRINGS, "a\0b", 3);
    test_wire_text(&tensor, STRINGS, "second");
    node = test_wire_const("text", TYPE_STRING, &tensor);
    test_wire_message(&message, 1, &node);
    tensor = test_wire_tensor(TYPE_STRING, -1);
    node = test_wire_const("none", TYPE_STRING, &tensor);
    test_read_node(&graph, &message, &node);
    assert_int_equal(graph.nodes[0].value.dtype, DSI_DTYPE_STRING);
    assert_int_equal(graph.nodes[0].value.bytes.size, 3);
    assert_memory_equal(graph.nodes[0].value.bytes.data, "a\0b", 3);
    assert_int_equal(graph.nodes[1].value.bytes.size, 0);
    dsi_graph_finish(&graph);
    test_wire_finish(&message);
}

/* Larger than what a node may hold otherwise, so that any copy would be refused. */
static void the_content_of_a_large_tensor_is_used_in_place(void **state) {
    const size_t n = DSI_GRAPHDEF_MAX_UNPACKED_SIZE / sizeof(float) + 1;
    float *values = calloc(n, sizeof(*values));
    struct test_wire message = {0};
    struct test_wire tensor = test_wire_tensor(TYPE_FLOAT, (int64_t)n);
    struct test_wire node;
    struct dsi_graph graph = {0};

    (void)state;
    assert_non_null(values);
    values[n - 1] = 3.0f;
    test_wire_bytes(&tensor, TENSOR_CONTENT, values, n * sizeof(*values));
    node = test_wire_const("large", TYPE_FLOAT, &tensor);
    test_read_node(&graph, &message, &node);
    assert_in_range((uintptr_t)graph.nodes[0].value.bytes.data, (uintptr_t)message.bytes,
                    (uintptr_t)(message.bytes + message.size));
    assert_int_equal(graph.nodes[0].value.bytes.size, n * sizeof(*values));
    assert_true(dsi_tensor_get_float(&graph.nodes[0].value, n - 1) == 3.0f);
    dsi_graph_finish(&graph);
    test_wire_finish(&message);
    free(values);
}

static void constants_that_do_not_fit_are_refused(void **state) {
    struct test_wire tensor = test_wire_tensor(TYPE_FLOAT, 2);
    struct test_wire node;

    (void)state;
    test_wire_bytes(&tensor, TENSOR_CONTENT, "12345678901", 12);
    node = test_wire_const("k", TYPE_FLOAT, &tensor);
    test_node_refused(&node, DSINFER_ERR_MALFORMED, "needs 8 bytes, but has 12");

    tensor = test_wire_tensor(TYPE_INT32, 1);
    test_wire_bytes(&tensor, INTS, "\x01\x02", 2);
    node = test_wire_const("k", TYPE_INT32, &tensor);
    test_node_refused(&node, DSINFER_ERR_MALFORMED, "needs 1 values, but has 2");

    tensor = test_wire_tensor(TYPE_BOOL, 2);
    test_wire_bytes(&tensor, TENSOR_CONTENT, "\x01\x02", 2);
    node = test_wire_const("k", TYPE_BOOL, &tensor);
    test_node_refused(&node, DSINFER_ERR_MALFORMED, "has the value 2");

    tensor = test_wire_tensor(TYPE_FLOAT, 2);
    node = test_wire_const("k", TYPE_INT32, &tensor);
    test_node_refused(&node, DSINFER_ERR_MALFORMED, "int32, but its tensor is of float32");

    tensor = test_wire_tensor(TYPE_FLOAT, (int64_t)DSI_GRAPHDEF_MAX_CONSTANT_SIZE / 4 + 1);
    node = test_wire_const("k", TYPE_FLOAT, &tensor);
    test_node_refused(&node, DSINFER_ERR_LIMIT, "[4194305]");

    tensor = test_wire_tensor(TYPE_FLOAT, INT64_MAX);
    node = test_wire_const("k", TYPE_FLOAT, &tensor);
    test_node_refused(&node, DSINFER_ERR_MALFORMED, "[9223372036854775807]");

    tensor = test_wire_tensor(TYPE_DOUBLE, 1);
    node = test_wire_const("k", TYPE_DOUBLE, &tensor);
    test_node_refused(&node, DSINFER_ERR_UNSUPPORTED, "'k' is of float64");

    node = test_wire_node("k", "Const");
    test_node_refused(&node, DSINFER_ERR_MALFORMED, "'k' has no value");
}

static void shapes_that_cannot_be_are_refused(void **state) {
    static const int64_t negative[] = {2, -2}, open[] = {-1, 2}, many[DSI_MAX_RANK + 1] = {0};
    struct test_wire tensor = {0}, shape;
    struct test_wire node = test_wire_node("n", "Op");

    (void)state;
    shape = test_wire_shape(2, negative);
    test_wire_attr_message(&node, "shape", KIND_SHAPE, &shape);
    test_node_refused(&node, DSINFER_ERR_MALFORMED, "dimension of -2");

    node = test_wire_node("n", "Op");
    shape = test_wire_shape(DSI_MAX_RANK + 1, many);
    test_wire_attr_message(&node, "shape", KIND_SHAPE, &shape);
    test_node_refused(&node, DSINFER_ERR_UNSUPPORTED, "7 dimensions");

    test_wire_int(&tensor, TENSOR_TYPE, TYPE_FLOAT);
    shape = test_wire_shape(2, open);
    test_wire_message(&tensor, TENSOR_SHAPE, &shape);
    node = test_wire_const("k", TYPE_FLOAT, &tensor);
    test_node_refused(&node, DSINFER_ERR_MALFORMED, "leaves its shape open");
}

static void small_constants_add_up_to_a_limit(void **state) {
    struct test_wire message = {0};
    char name[] = "k0";

    (void)state;
    for (; name[1] < '4'; name[1]++) {
        struct test_wire tensor = test_wire_tensor(TYPE_FLOAT, 4 << 20);
        struct test_wire node = test_wire_const(name, TYPE_FLOAT, &tensor);

        test_wire_message(&message, 1, &node);
    }
    test_graphdef_refused(&message, DSINFER_ERR_LIMIT, "50331648");
}

static void an_immutable_constant_needs_a_package(void **state) {
    struct test_wire node = test_wire_node("h1", "ImmutableConst");
    struct test_wire shape = test_wire_shape(0, NULL);

    (void)state;
    test_wire_attr_int(&node, "dtype", KIND_TYPE, TYPE_FLOAT);
    test_wire_attr_message(&node, "shape", KIND_SHAPE, &shape);
    test_wire_attr_bytes(&node, "memory_region_name", KIND_S, "there", 5);
    test_node_refused(&node, DSINFER_ERR_MALFORMED,
                      "'h1' has its values in the memory region "
                      "'there', which only a .pbmm");
    node = test_wire_node("h1", "ImmutableConst");
    test_node_refused(&node, DSINFER_ERR_MALFORMED, "'h1' has no shape");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listed_values_repeat_the_last_and_none_are_zeros),
        cmocka_unit_test(a_string_constant_is_its_first_string),
        cmocka_unit_test(the_content_of_a_large_tensor_is_used_in_place),
        cmocka_unit_test(constants_that_do_not_fit_are_refused),
        cmocka_unit_test(shapes_that_cannot_be_are_refused),
        cmocka_unit_test(small_constants_add_up_to_a_limit),
        cmocka_unit_test(an_immutable_constant_needs_a_package),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
