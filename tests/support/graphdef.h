/* GraphDefs written by hand, and what reading them must give.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_SUPPORT_GRAPHDEF_H
#define TESTS_SUPPORT_GRAPHDEF_H

#include "model/graphdef/graphdef.h"
#include "tests/support/wire.h"

/* Fields of AttrValue and TensorProto, numbers of DataType. */
enum { KIND_LIST = 1, KIND_S, KIND_I, KIND_F, KIND_B, KIND_TYPE, KIND_SHAPE, KIND_TENSOR };
enum { TENSOR_TYPE = 1, TENSOR_SHAPE, TENSOR_CONTENT = 4, FLOATS, INTS = 7, STRINGS, INT64S = 10 };
enum { BOOLS = 11 };
enum { TYPE_FLOAT = 1, TYPE_DOUBLE, TYPE_INT32, TYPE_STRING = 7, TYPE_INT64 = 9, TYPE_BOOL };

/* Parts of a GraphDef, to be continued or handed to test_wire_message. */
struct test_wire test_wire_node(const char *name, const char *op);
struct test_wire test_wire_shape(size_t rank, const int64_t *dims);

/* The start of a tensor with one dimension, or none for -1. */
struct test_wire test_wire_tensor(uint64_t type, int64_t dim);

/* A Const with that tensor, which is finished. */
struct test_wire test_wire_const(const char *name, uint64_t type, struct test_wire *tensor);

/* Adds attr[key] = { field `kind` of AttrValue } to a node. */
void test_wire_attr_int(struct test_wire *node, const char *key, uint32_t kind, uint64_t value);
void test_wire_attr_bytes(struct test_wire *node, const char *key, uint32_t kind, const void *bytes,
                          size_t size);
void test_wire_attr_message(struct test_wire *node, const char *key, uint32_t kind,
                            struct test_wire *message);

/* Reads a GraphDef that is no package. */
enum dsinfer_status test_read_graphdef(struct dsi_graph *graph, const struct test_wire *message,
                                       struct dsinfer_error *err);

/* Adds the node, which is finished, and reads the GraphDef; fails the test if that fails. */
void test_read_node(struct dsi_graph *graph, struct test_wire *message, struct test_wire *node);

/* Fail unless the GraphDef, or one of just that node, is refused with that status and these words.
 * The message is finished. */
void test_graphdef_refused(struct test_wire *message, enum dsinfer_status status,
                           const char *words);
void test_node_refused(struct test_wire *node, enum dsinfer_status status, const char *words);

#endif
