/* Nodes, attributes and tensors as protobuf messages.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "tests/support/graphdef.h"

#include "tests/support/test.h"

#include <string.h>

struct test_wire test_wire_node(const char *name, const char *op) {
    struct test_wire node = {0};

    test_wire_text(&node, 1, name);
    test_wire_text(&node, 2, op);
    return node;
}

struct test_wire test_wire_shape(size_t rank, const int64_t *dims) {
    struct test_wire shape = {0};
    size_t i;

    for (i = 0; i < rank; i++) {
        struct test_wire dim = {0};

        test_wire_int(&dim, 1, (uint64_t)dims[i]);
        test_wire_message(&shape, 2, &dim);
    }
    return shape;
}

/* Adds attr[key] = value to a node; finishes the value. */
static void put_attr(struct test_wire *node, const char *key, struct test_wire *value) {
    struct test_wire entry = {0};

    test_wire_text(&entry, 1, key);
    test_wire_message(&entry, 2, value);
    test_wire_message(node, 5, &entry);
}

void test_wire_attr_int(struct test_wire *node, const char *key, uint32_t kind, uint64_t number) {
    struct test_wire value = {0};

    test_wire_int(&value, kind, number);
    put_attr(node, key, &value);
}

void test_wire_attr_bytes(struct test_wire *node, const char *key, uint32_t kind, const void *bytes,
                          size_t size) {
    struct test_wire value = {0};

    test_wire_bytes(&value, kind, bytes, size);
    put_attr(node, key, &value);
}

void test_wire_attr_message(struct test_wire *node, const char *key, uint32_t kind,
                            struct test_wire *message) {
    struct test_wire value = {0};

    test_wire_message(&value, kind, message);
    put_attr(node, key, &value);
}

struct test_wire test_wire_tensor(uint64_t type, int64_t dim) {
    struct test_wire tensor = {0};
    struct test_wire shape = test_wire_shape(dim < 0 ? 0 : 1, &dim);

    test_wire_int(&tensor, TENSOR_TYPE, type);
    test_wire_message(&tensor, TENSOR_SHAPE, &shape);
    return tensor;
}

struct test_wire test_wire_const(const char *name, uint64_t type, struct test_wire *tensor) {
    struct test_wire node = test_wire_node(name, "Const");

    test_wire_attr_int(&node, "dtype", KIND_TYPE, type);
    test_wire_attr_message(&node, "value", KIND_TENSOR, tensor);
    return node;
}

enum dsinfer_status test_read_graphdef(struct dsi_graph *graph, const struct test_wire *message,
                                       struct dsinfer_error *err) {
    return dsi_graphdef_read(graph, test_wire_get(message), NULL, NULL, err);
}

void test_read_node(struct dsi_graph *graph, struct test_wire *message, struct test_wire *node) {
    struct dsinfer_error err = {0};

    test_wire_message(message, 1, node);
    if (test_read_graphdef(graph, message, &err) != DSINFER_OK) {
        fail_msg("%s", err.message);
    }
}

void test_graphdef_refused(struct test_wire *message, enum dsinfer_status status,
                           const char *words) {
    struct dsinfer_error err = {0};
    struct dsi_graph graph = {0};

    if (test_read_graphdef(&graph, message, &err) != status || !strstr(err.message, words)) {
        fail_msg("%s '%s' instead of %s '%s'", dsinfer_status_name(err.status), err.message,
                 dsinfer_status_name(status), words);
    }
    assert_null(graph.nodes);
    test_wire_finish(message);
}

void test_node_refused(struct test_wire *node, enum dsinfer_status status, const char *words) {
    struct test_wire message = {0};

    test_wire_message(&message, 1, node);
    test_graphdef_refused(&message, status, words);
}
