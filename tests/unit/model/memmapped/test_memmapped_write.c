/* Packages that are written, and frozen graphs made of packages.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/memmapped/memmapped_write.h"

#include "model/memmapped/memmapped.h"
#include "runtime/base/alloc.h"
#include "tests/support/graphdef.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#define N_LARGE 2500 /* floats, exactly as many bytes as move */

static int take(void *user, const void *bytes, size_t size) {
    test_wire_raw(user, bytes, size);
    return 0;
}

static int refuse(void *user, const void *bytes, size_t size) {
    (void)user, (void)bytes, (void)size;
    return 1;
}

/* Adds a constant of `n` floats from `first` on, with a control input, a device and an attribute
 * that any op may have. */
static void add_constant(struct test_wire *message, const char *name, int64_t n, float first) {
    struct test_wire tensor = test_wire_tensor(TYPE_FLOAT, n);
    float *values = malloc((size_t)n * sizeof(*values));
    struct test_wire node;
    int64_t i;

    assert_non_null(values);
    for (i = 0; i < n; i++) {
        values[i] = first + (float)i;
    }
    test_wire_bytes(&tensor, TENSOR_CONTENT, values, (size_t)n * sizeof(*values));
    node = test_wire_const(name, TYPE_FLOAT, &tensor);
    test_wire_text(&node, 3, "^start");
    test_wire_text(&node, 4, "/cpu:0");
    test_wire_attr_bytes(&node, "_class", KIND_S, "loc", 3);
    test_wire_message(message, 1, &node);
    free(values);
}

/* A GraphDef of two large constants whose names clash as regions, a small one, and a version. */
static struct test_wire make_graphdef(void) {
    struct test_wire message = {NULL, 0};
    struct test_wire node = test_wire_node("start", "NoOp");

    test_wire_message(&message, 1, &node);
    add_constant(&message, "a/b", N_LARGE, 1.0f);
    add_constant(&message, "a-b", N_LARGE, 2.0f);
    add_constant(&message, "small", N_LARGE - 1, 3.0f);
    test_wire_int(&message, 3, 6);
    return message;
}

/* Reads the GraphDef, alone or in its package, and writes it as the other. */
static enum dsinfer_status rewrite(struct dsi_bytes from, bool to_package, struct test_wire *out,
                                   struct dsinfer_error *err) {
    const struct dsi_sink sink = {take, out};
    struct dsi_bytes graphdef = from;
    struct dsi_graph graph = {0};
    enum dsinfer_status status;
    struct dsi_pieces pieces;
    struct dsi_arena arena;

    dsi_arena_init(&arena, DSI_GRAPH_MAX_MEMORY);
    dsi_pieces_init(&pieces, &arena);
    status = to_package ? dsi_graphdef_read(&graph, from, NULL, NULL, err)
                        : dsi_memmapped_read(&graph, from, NULL, err);
    if (status == DSINFER_OK && !to_package) {
        status = dsi_memmapped_get_graph(from, &graphdef, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_memmapped_lay_out(&pieces, graphdef, &graph, to_package, err);
    }
    if (status == DSINFER_OK) {
        status = dsi_pieces_write(&pieces, &sink, err);
        assert_int_equal(out->size, pieces.size);
    }
    dsi_pieces_finish(&pieces);
    dsi_arena_finish(&arena);
    dsi_graph_finish(&graph);
    return status;
}

static bool contains(struct dsi_bytes bytes, const char *text) {
    const size_t size = strlen(text);
    size_t i;

    for (i = 0; i + size <= bytes.size; i++) {
        if (memcmp(bytes.data + i, text, size) == 0) {
            return true;
        }
    }
    return false;
}

static void regions_are_aligned_and_named_after_their_nodes(void **state) {
    static const char *const names[] = {"memmapped_package://a_b", "memmapped_package://a_b_"};
    struct test_wire message = make_graphdef();
    struct test_wire file = {NULL, 0};
    struct dsi_memmapped package = {0};
    struct dsi_bytes graph;
    size_t i;

    (void)state;
    assert_int_equal(rewrite(test_wire_get(&message), true, &file, NULL), DSINFER_OK);
    assert_int_equal(dsi_memmapped_init(&package, test_wire_get(&file), NULL), DSINFER_OK);
    assert_int_equal(package.n_regions, 3);
    for (i = 0; i < 2; i++) {
        const struct dsi_bytes name = {(const uint8_t *)names[i], strlen(names[i])};
        struct dsi_bytes region;
        float first;

        assert_true(dsi_memmapped_find(&package, name, &region));
        assert_int_equal((size_t)(region.data - file.bytes) % 64, 0);
        assert_int_equal(region.size, N_LARGE * sizeof(float));
        memcpy(&first, region.data, sizeof(first));
        assert_true(first == 1.0f + (float)i);
    }
    assert_int_equal(dsi_memmapped_get_graph(test_wire_get(&file), &graph, NULL), DSINFER_OK);
    assert_true(contains(graph, "_class") && contains(graph, "^start"));
    assert_true(contains(graph, "/cpu:0"));
    dsi_memmapped_finish(&package);
    test_wire_finish(&file);
    test_wire_finish(&message);
}

static void a_package_and_back_is_the_same_graph(void **state) {
    struct test_wire message = make_graphdef();
    struct test_wire file = {NULL, 0};
    struct test_wire back = {NULL, 0};
    struct dsi_graph graphs[2] = {{.n_nodes = 0}, {.n_nodes = 0}};
    size_t i;

    (void)state;
    assert_int_equal(rewrite(test_wire_get(&message), true, &file, NULL), DSINFER_OK);
    assert_int_equal(rewrite(test_wire_get(&file), false, &back, NULL), DSINFER_OK);
    assert_int_equal(back.size, message.size);
    assert_int_equal(test_read_graphdef(&graphs[0], &message, NULL), DSINFER_OK);
    assert_int_equal(test_read_graphdef(&graphs[1], &back, NULL), DSINFER_OK);
    assert_int_equal(graphs[1].version, 6);
    for (i = 1; i < graphs[0].n_nodes; i++) {
        const struct dsi_node *a = &graphs[0].nodes[i];
        const struct dsi_node *b = &graphs[1].nodes[i];

        assert_string_equal(a->name, b->name);
        assert_int_equal(a->n_attrs, b->n_attrs);
        assert_int_equal(a->value.bytes.size, b->value.bytes.size);
        assert_memory_equal(a->value.bytes.data, b->value.bytes.data, a->value.bytes.size);
    }
    dsi_graph_finish(&graphs[0]);
    dsi_graph_finish(&graphs[1]);
    test_wire_finish(&back);
    test_wire_finish(&file);
    test_wire_finish(&message);
}

static void memory_that_runs_out_is_reported_anywhere(void **state) {
    struct test_wire message = make_graphdef();
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    long k;

    (void)state;
    for (k = 0; status != DSINFER_OK; k++) {
        struct test_wire file = {NULL, 0};

        dsi_alloc_fail_after(k);
        status = rewrite(test_wire_get(&message), true, &file, NULL);
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
        test_wire_finish(&file);
    }
    test_wire_finish(&message);
}

static void what_cannot_be_written_is_refused(void **state) {
    const struct dsi_sink sink = {refuse, NULL};
    struct test_wire message = make_graphdef();
    struct test_wire other = {NULL, 0};
    struct dsinfer_error err = {0};
    struct dsi_graph graph = {0};
    struct dsi_pieces pieces;
    struct dsi_arena arena;

    (void)state;
    dsi_arena_init(&arena, DSI_GRAPH_MAX_MEMORY);
    dsi_pieces_init(&pieces, &arena);
    add_constant(&other, "a/b", 1, 0.0f);
    assert_int_equal(test_read_graphdef(&graph, &other, NULL), DSINFER_OK);
    assert_int_equal(dsi_memmapped_lay_out(&pieces, test_wire_get(&message), &graph, true, &err),
                     DSINFER_ERR_MALFORMED);
    assert_non_null(strstr(err.message, "node too many"));
    dsi_pieces_finish(&pieces);
    dsi_pieces_init(&pieces, &arena);
    assert_int_equal(dsi_memmapped_lay_out(&pieces, test_wire_get(&other), &graph, true, &err),
                     DSINFER_OK);
    assert_int_equal(dsi_pieces_write(&pieces, &sink, &err), DSINFER_ERR_IO);
    dsi_pieces_finish(&pieces);
    dsi_arena_finish(&arena);
    dsi_graph_finish(&graph);
    test_wire_finish(&other);
    test_wire_finish(&message);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regions_are_aligned_and_named_after_their_nodes),
        cmocka_unit_test(a_package_and_back_is_the_same_graph),
        cmocka_unit_test(memory_that_runs_out_is_reported_anywhere),
        cmocka_unit_test(what_cannot_be_written_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
