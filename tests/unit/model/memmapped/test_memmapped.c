/* model/memmapped: packages written by hand.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/memmapped/memmapped.h"

#include "runtime/base/alloc.h"
#include "tests/support/graphdef.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#define PREFIX "memmapped_package://"
#define NO_LENGTH UINT64_MAX

static void put_element(struct test_wire *directory, const char *name, uint64_t offset,
                        uint64_t length) {
    struct test_wire element = {0};

    test_wire_int(&element, 1, offset);
    test_wire_text(&element, 2, name);
    if (length != NO_LENGTH) {
        test_wire_int(&element, 3, length);
    }
    test_wire_message(directory, 1, &element);
}

/* Ends a file with a directory, which is finished, and its offset. */
static void put_directory(struct test_wire *file, struct test_wire *directory) {
    const uint64_t offset = file->size;

    test_wire_raw(file, directory->bytes, directory->size);
    test_wire_raw(file, &offset, sizeof(offset));
    test_wire_finish(directory);
}

/* An ImmutableConst "h1" of two floats in the region "…h1". */
static struct test_wire make_graphdef(int64_t n_values) {
    struct test_wire graph = {0};
    struct test_wire node = test_wire_node("h1", "ImmutableConst");
    struct test_wire shape = test_wire_shape(1, &n_values);

    test_wire_attr_int(&node, "dtype", KIND_TYPE, TYPE_FLOAT);
    test_wire_attr_message(&node, "shape", KIND_SHAPE, &shape);
    test_wire_attr_bytes(&node, "memory_region_name", KIND_S, PREFIX "h1", strlen(PREFIX "h1"));
    test_wire_message(&graph, 1, &node);
    return graph;
}

/* Region h1 (8 bytes), eight zeros, the graph, the directory. */
static struct test_wire make_package(bool has_lengths) {
    struct test_wire file = {0}, directory = {0};
    struct test_wire graph = make_graphdef(2);

    test_wire_raw(&file, "\0\0\x80\x3f\0\0\0\x40\0\0\0\0\0\0\0\0", 16);
    put_element(&directory, PREFIX "h1", 0, has_lengths ? 8 : NO_LENGTH);
    put_element(&directory, PREFIX ".", 16, has_lengths ? graph.size : NO_LENGTH);
    test_wire_raw(&file, graph.bytes, graph.size);
    test_wire_finish(&graph);
    put_directory(&file, &directory);
    return file;
}

static void assert_refused(struct test_wire *file, enum dsinfer_status status, const char *words) {
    struct dsinfer_error err = {0};
    struct dsi_graph graph = {0};

    if (dsi_memmapped_read(&graph, test_wire_get(file), NULL, &err) != status ||
        !strstr(err.message, words)) {
        fail_msg("%s '%s' instead of %s '%s'", dsinfer_status_name(err.status), err.message,
                 dsinfer_status_name(status), words);
    }
    assert_null(graph.nodes);
    test_wire_finish(file);
}

static void values_are_used_where_they_lie(void **state) {
    int has_lengths;

    (void)state;
    for (has_lengths = 0; has_lengths < 2; has_lengths++) {
        struct test_wire file = make_package(has_lengths);
        struct dsi_graph graph = {0};

        assert_true(dsi_memmapped_probe(test_wire_get(&file)));
        assert_int_equal(dsi_memmapped_read(&graph, test_wire_get(&file), NULL, NULL), DSINFER_OK);
        assert_int_equal(graph.n_nodes, 1);
        assert_true(dsi_node_is_op(graph.nodes, "Const"));
        assert_ptr_equal(graph.nodes[0].value.bytes.data, file.bytes);
        assert_int_equal(graph.nodes[0].value.bytes.size, 8);
        assert_true(dsi_tensor_get_float(&graph.nodes[0].value, 1) == 2.0f);
        dsi_graph_finish(&graph);
        test_wire_finish(&file);
    }
}

static void a_region_without_length_ends_at_the_next(void **state) {
    static const uint8_t name[] = PREFIX "h1";
    static const uint8_t last[] = PREFIX ".";
    struct dsi_memmapped package = {0};
    struct test_wire file = make_package(false);
    struct dsi_bytes region = {0};

    (void)state;
    assert_int_equal(dsi_memmapped_init(&package, test_wire_get(&file), NULL), DSINFER_OK);
    assert_true(dsi_memmapped_find(&package, (struct dsi_bytes){name, sizeof(name) - 1}, &region));
    assert_int_equal(region.size, 16);
    assert_true(dsi_memmapped_find(&package, (struct dsi_bytes){last, sizeof(last) - 1}, &region));
    assert_ptr_equal(region.data, file.bytes + 16);
    assert_ptr_equal(region.data + region.size,
                     file.bytes + dsi_load_u64(file.bytes + file.size - 8));
    assert_false(dsi_memmapped_find(&package, (struct dsi_bytes){name, sizeof(name) - 2}, &region));
    assert_false(dsi_memmapped_find(&package, (struct dsi_bytes){NULL, 0}, &region));
    dsi_memmapped_finish(&package);
    test_wire_finish(&file);
}

/* A file of 16 zeros and a directory of up to two regions; a name of NULL ends them. */
static struct test_wire make_file(const char *first, uint64_t first_offset, uint64_t first_length,
                                  const char *second, uint64_t second_offset) {
    static const uint8_t zeros[16];
    struct test_wire file = {0}, directory = {0};

    test_wire_raw(&file, zeros, sizeof(zeros));
    if (first) {
        put_element(&directory, first, first_offset, first_length);
    }
    if (second) {
        put_element(&directory, second, second_offset, NO_LENGTH);
    }
    put_directory(&file, &directory);
    return file;
}

static void directories_that_cannot_be_are_refused(void **state) {
    struct test_wire file = make_file(NULL, 0, 0, NULL, 0);

    (void)state;
    assert_refused(&file, DSINFER_ERR_MALFORMED, "point outside the file of 24 bytes");
    file = make_file("h1", 0, NO_LENGTH, NULL, 0);
    assert_refused(&file, DSINFER_ERR_MALFORMED, "'h1', but all names should start with");
    file = make_file(PREFIX "a", 16, NO_LENGTH, NULL, 0);
    assert_refused(&file, DSINFER_ERR_MALFORMED, "should begin at byte 16");
    file = make_file(PREFIX "a", UINT64_MAX - 3, 8, NULL, 0);
    assert_refused(&file, DSINFER_ERR_MALFORMED, "should begin at byte 18446744073709551612");
    file = make_file(PREFIX "a", 4, UINT64_MAX - 3, NULL, 0);
    assert_refused(&file, DSINFER_ERR_MALFORMED, "should have 18446744073709551612 bytes");
    file = make_file(PREFIX "a", 4, 13, NULL, 0);
    assert_refused(&file, DSINFER_ERR_MALFORMED, "should have 13 bytes");
    file = make_file(PREFIX "a", 4, NO_LENGTH, PREFIX "b", 4);
    assert_refused(&file, DSINFER_ERR_MALFORMED, "offsets must rise");
    file = make_file(PREFIX "a", 0, 9, PREFIX "b", 8);
    assert_refused(&file, DSINFER_ERR_MALFORMED, "a' of 9 bytes at byte 0 overlaps");
    file = make_file(PREFIX "a", 0, 8, PREFIX "a", 8);
    assert_refused(&file, DSINFER_ERR_MALFORMED, "two regions '" PREFIX "a'");
    file = make_file(PREFIX "a", 0, 8, PREFIX "b", 8);
    assert_refused(&file, DSINFER_ERR_MALFORMED, "has no region '" PREFIX ".'");
    file = make_file(PREFIX ".", 0, NO_LENGTH, NULL, 0);
    assert_refused(&file, DSINFER_ERR_MALFORMED, "byte 0");
}

/* A package whose constant wants `n_values` values, and calls its region `name`. */
static struct test_wire make_bad_region(const char *name, int64_t n_values) {
    static const uint8_t zeros[64];
    struct test_wire file = {0}, directory = {0};
    struct test_wire graph = make_graphdef(n_values);

    test_wire_raw(&file, zeros, sizeof(zeros));
    put_element(&directory, name, 0, NO_LENGTH);
    put_element(&directory, PREFIX ".", 64, NO_LENGTH);
    test_wire_raw(&file, graph.bytes, graph.size);
    test_wire_finish(&graph);
    put_directory(&file, &directory);
    return file;
}

static void a_region_missing_or_too_short_is_named(void **state) {
    struct test_wire file = make_bad_region(PREFIX "h2", 2);

    (void)state;
    assert_refused(&file, DSINFER_ERR_MALFORMED,
                   "'h1' has its values in the memory region '" PREFIX "h1', which the file");
    file = make_bad_region(PREFIX "h1", 17);
    assert_refused(&file, DSINFER_ERR_MALFORMED,
                   "'h1' of type float32 and shape [17] needs 68 bytes, but its memory region "
                   "'" PREFIX "h1' has 64");
    file = make_bad_region(PREFIX "h1", INT64_MAX);
    assert_refused(&file, DSINFER_ERR_MALFORMED, "'h1' has the shape [9223372036854775807]");
}

static void errors_in_the_graph_give_the_byte_of_the_file(void **state) {
    struct test_wire file = {0}, directory = {0};

    (void)state;
    test_wire_raw(&file, "12345678\x0a\x02\x0a\x7fxx", 14);
    put_element(&directory, PREFIX "a", 0, NO_LENGTH);
    put_element(&directory, PREFIX ".", 8, 4);
    put_directory(&file, &directory);
    assert_refused(&file, DSINFER_ERR_MALFORMED, "field 1 at byte 10 should hold 127 bytes");
}

static void a_directory_with_too_many_regions_is_refused(void **state) {
    const size_t n = DSI_MEMMAPPED_MAX_REGIONS + 1;
    struct test_wire element = {0}, file = {0};
    uint8_t *directory, *at;
    uint64_t offset;
    size_t i;

    (void)state;
    /* Elements of one size, so that they can be copied: the offset is a varint of four bytes. */
    put_element(&element, PREFIX "a", UINT64_C(1) << 21, NO_LENGTH);
    directory = malloc(n * element.size);
    assert_non_null(directory);
    for (i = 0; i < n; i++) {
        at = directory + i * element.size;
        memcpy(at, element.bytes, element.size);
        at[3] = (uint8_t)(0x80 | (i & 0x7f));
        at[4] = (uint8_t)(0x80 | (i >> 7 & 0x7f));
        at[5] = (uint8_t)(0x80 | (i >> 14 & 0x7f));
        at[6] = 0;
    }
    file.bytes = calloc(n, 1);
    assert_non_null(file.bytes);
    file.size = n;
    test_wire_raw(&file, directory, n * element.size);
    offset = n;
    test_wire_raw(&file, &offset, sizeof(offset));
    free(directory);
    test_wire_finish(&element);
    assert_refused(&file, DSINFER_ERR_LIMIT, "more than 65537 regions");
}

static void other_files_are_no_packages(void **state) {
    static const uint8_t zeros[64];
    struct test_wire file = make_package(true);
    size_t size;

    (void)state;
    assert_false(dsi_memmapped_probe((struct dsi_bytes){NULL, 0}));
    assert_false(dsi_memmapped_probe((struct dsi_bytes){zeros, 7}));
    assert_false(dsi_memmapped_probe((struct dsi_bytes){zeros, 8}));
    assert_false(dsi_memmapped_probe((struct dsi_bytes){zeros, 64}));
    for (size = 0; size < file.size; size++) {
        assert_false(dsi_memmapped_probe((struct dsi_bytes){file.bytes, size}));
    }
    test_wire_finish(&file);
}

static void any_flipped_bit_never_crashes(void **state) {
    struct test_wire file = make_package(true);
    size_t i;

    (void)state;
    for (i = 0; i < 8 * file.size; i++) {
        struct dsi_graph graph = {0};
        struct dsinfer_error err = {0};

        file.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        if (dsi_memmapped_read(&graph, test_wire_get(&file), NULL, &err) == DSINFER_OK) {
            assert_int_equal(dsi_graph_verify(&graph, &err), DSINFER_OK);
        }
        dsi_graph_finish(&graph);
        file.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    test_wire_finish(&file);
}

static void failed_allocations_leave_nothing_behind(void **state) {
    struct test_wire file = make_package(true);
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    struct dsi_graph graph = {0};
    long k;

    (void)state;
    for (k = 0; status != DSINFER_OK; k++) {
        dsi_alloc_fail_after(k);
        status = dsi_memmapped_read(&graph, test_wire_get(&file), NULL, NULL);
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
        assert_true(k < 1000);
    }
    assert_true(k > 5);
    dsi_graph_finish(&graph);
    test_wire_finish(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_used_where_they_lie),
        cmocka_unit_test(a_region_without_length_ends_at_the_next),
        cmocka_unit_test(directories_that_cannot_be_are_refused),
        cmocka_unit_test(a_region_missing_or_too_short_is_named),
        cmocka_unit_test(errors_in_the_graph_give_the_byte_of_the_file),
        cmocka_unit_test(a_directory_with_too_many_regions_is_refused),
        cmocka_unit_test(other_files_are_no_packages),
        cmocka_unit_test(any_flipped_bit_never_crashes),
        cmocka_unit_test(failed_allocations_leave_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
