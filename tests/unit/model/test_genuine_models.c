/* The readers on files that the genuine exporters made, and on the broken ones made from them.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/format.h"

#include "tests/support/rng.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct model {
    struct dsi_mapped_file file, weights;
    struct dsi_graph graph;
};

static enum dsinfer_status open_model(struct model *model, const char *name, const char **format,
                                      struct dsinfer_error *err) {
    struct dsi_model_source source = {.file = &model->file, .weights = &model->weights};
    const struct dsi_model_format *found = NULL;
    char path[TEST_PATH_SIZE];
    enum dsinfer_status status;

    memset(model, 0, sizeof(*model));
    test_shared_path(path, "oracle/graphs/%s", name);
    assert_int_equal(dsi_mapped_file_open(&model->file, path, err), DSINFER_OK);
    source.bytes = model->file.bytes;
    source.path = path;
    status = dsi_model_format_read(&model->graph, &found, &source, err);
    *format = found ? found->name : "none";
    return status;
}

static void close_model(struct model *model) {
    dsi_graph_finish(&model->graph);
    dsi_mapped_file_close(&model->weights);
    dsi_mapped_file_close(&model->file);
}

/* Opens a model that must open. */
static void open_good(struct model *model, const char *name) {
    struct dsinfer_error err = {0};
    const char *format;

    if (open_model(model, name, &format, &err) != DSINFER_OK) {
        fail_msg("%s: %s", name, err.message);
    }
    assert_string_equal(format, strstr(name, ".pbmm") ? "memmapped" : "graphdef");
    assert_int_equal(dsi_graph_verify(&model->graph, &err), DSINFER_OK);
}

static const struct dsi_node *find(const struct model *model, const char *name) {
    uint32_t index;

    if (!dsi_graph_find_node(&model->graph, name, &index)) {
        fail_msg("no node '%s'", name);
    }
    return &model->graph.nodes[index];
}

static void every_genuine_model_reads(void **state) {
    static const struct {
        const char *name;
        size_t n_nodes;
    } files[] = {
        {"ds011-h64-s7/output_graph.pb", 328},
        {"ds030-h64-s7/output_graph.pb", 110},
        {"ds030-h64-s7/output_graph.pbmm", 110},
        {"ds030-h64-s7/output_graph.rounded.pb", 110},
        {"ds030-h64-s7/output_graph.rounded.pbmm", 110},
        {"ds030-h100-s11/output_graph.pb", 110},
        {"ds030-tf16-h64-s7/output_graph.pb", 122},
        {"ds041-h40-s2/output_graph.pb", 111},
        {"ds051-h40-s3/output_graph.pb", 130},
        {"ds061-h40-s4/output_graph.pb", 118},
        {"ds093-h64-s7/output_graph.pb", 120},
        {"ds093-h64-s7/output_graph.pbmm", 120},
        {"ds093-h64-s7/output_graph.rounded.pb", 120},
        {"ds093-h64-s7/output_graph.rounded.pbmm", 120},
        {"errors/intact.pb", 110},
        {"errors/intact.pbmm", 110},
        {"errors/truncated-between-nodes.pb", 96},
        {"errors/unknown-op.pb", 110},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct model model;

        open_good(&model, files[i].name);
        if (model.graph.n_nodes != files[i].n_nodes) {
            fail_msg("%s: %zu nodes, not %zu", files[i].name, model.graph.n_nodes,
                     files[i].n_nodes);
        }
        close_model(&model);
    }
}

/* Fails unless node `name` has the op and, where it is not NULL, this as its input `i`. */
static void assert_edge(const struct model *model, const char *name, const char *op, size_t i,
                        const char *input, uint32_t output) {
    const struct dsi_node *node = find(model, name);

    assert_string_equal(node->op, op);
    assert_true(i < node->n_inputs);
    assert_string_equal(model->graph.nodes[node->inputs[i].node].name, input);
    assert_int_equal(node->inputs[i].output, output);
}

static void the_graph_of_030_is_as_exported(void **state) {
    static const int64_t kernel[] = {128, 256}, window[] = {1, 16, 19, 26};
    const struct dsi_shape window_shape = dsi_shape_make(4, window);
    const struct dsi_attr *attr;
    const struct dsi_node *node;
    struct model model;

    (void)state;
    open_good(&model, "ds030-h64-s7/output_graph.pb");
    node = find(&model, "lstm_fused_cell/kernel");
    assert_true(dsi_node_is_op(node, "Const"));
    assert_int_equal(node->value.dtype, DSI_DTYPE_F32);
    assert_int_equal(node->value.shape.rank, 2);
    assert_memory_equal(node->value.shape.dims, kernel, sizeof(kernel));
    assert_int_equal(node->value.bytes.size, 128 * 256 * 4);
    assert_int_equal(dsi_node_get_type(node, "dtype", DSI_DTYPE_NONE), DSI_DTYPE_F32);

    node = find(&model, "input_node");
    attr = dsi_node_find_attr(node, "shape");
    assert_true(dsi_node_is_op(node, "Placeholder"));
    assert_non_null(attr);
    assert_int_equal(attr->kind, DSI_ATTR_SHAPE);
    assert_true(dsi_shape_is_equal(&attr->u.shape, &window_shape));

    node = find(&model, "lstm_fused_cell/BlockLSTM");
    assert_true(dsi_node_get_float(node, "forget_bias", 0.0f) == 1.0f);
    assert_true(dsi_node_get_float(node, "cell_clip", 3.0f) == -1.0f);
    assert_false(dsi_node_get_bool(node, "use_peephole", true));
    assert_int_equal(node->n_inputs, 9);

    assert_edge(&model, "MatMul_2", "MatMul", 1, "h3/read", 0);
    assert_edge(&model, "lstm_fused_cell/mul", "Mul", 0, "lstm_fused_cell/BlockLSTM", 6);
    assert_edge(&model, "logits", "Identity", 0, "raw_logits", 0);
    assert_int_equal(find(&model, "logits")->n_inputs, 1); /* not ^Assign_2, ^Assign_3 */
    assert_edge(&model, "Assign_2", "Assign", 0, "previous_state_c", 0);
    assert_int_equal(find(&model, "initialize_state")->n_inputs, 0);

    node = find(&model, "Minimum/y");
    assert_int_equal(node->value.shape.rank, 0);
    assert_true(dsi_tensor_get_float(&node->value, 0) == 20.0f);
    node = find(&model, "transpose/perm");
    assert_int_equal(node->value.dtype, DSI_DTYPE_I32);
    assert_int_equal(dsi_tensor_get_int(&node->value, 0), 1);
    assert_int_equal(dsi_tensor_get_int(&node->value, 1), 0);
    assert_int_equal(dsi_tensor_get_int(&node->value, 3), 3);
    close_model(&model);
}

static void a_value_listed_once_repeats(void **state) {
    const struct dsi_node *node;
    struct model model;
    size_t i;

    (void)state;
    open_good(&model, "ds030-h64-s7/output_graph.rounded.pb");
    node = find(&model, "zeros");
    assert_int_equal(node->value.bytes.size, 64 * 4);
    for (i = 0; i < 64; i++) {
        assert_true(dsi_tensor_get_float(&node->value, i) < 3e-41f);
    }
    close_model(&model);
}

static void strings_and_metadata_are_kept(void **state) {
    const struct dsi_attr *attr;
    const struct dsi_node *node;
    struct model model;

    (void)state;
    open_good(&model, "ds093-h64-s7/output_graph.pb");
    node = find(&model, "metadata_language");
    assert_int_equal(node->value.dtype, DSI_DTYPE_STRING);
    assert_int_equal(node->value.bytes.size, 5);
    assert_memory_equal(node->value.bytes.data, "en-US", 5);
    close_model(&model);

    open_good(&model, "ds051-h40-s3/output_graph.pb");
    node = find(&model, "model_metadata");
    assert_int_equal(dsi_node_get_int(node, "sample_rate", 0), 16000);
    attr = dsi_node_find_attr(find(&model, "BiasAdd"), "data_format");
    assert_non_null(attr);
    assert_int_equal(attr->kind, DSI_ATTR_STRING);
    assert_int_equal(attr->u.bytes.size, 4);
    assert_memory_equal(attr->u.bytes.data, "NHWC", 4);
    close_model(&model);
}

static bool lies_in(struct dsi_bytes part, struct dsi_bytes whole) {
    return part.data >= whole.data && part.data + part.size <= whole.data + whole.size;
}

static void large_constants_are_used_in_place(void **state) {
    static const char *const names[] = {"ds030-h64-s7/output_graph.pb",
                                        "ds030-h64-s7/output_graph.pbmm"};
    size_t i, j;

    (void)state;
    for (i = 0; i < 2; i++) {
        struct model model;

        open_good(&model, names[i]);
        for (j = 0; j < model.graph.n_nodes; j++) {
            const struct dsi_tensor *value = &model.graph.nodes[j].value;

            if (value->bytes.size >= 1024) {
                assert_true(lies_in(value->bytes, model.file.bytes));
                assert_ptr_equal(value->file, &model.file);
            } else if (value->file) {
                assert_true(lies_in(value->bytes, model.file.bytes));
            }
        }
        close_model(&model);
    }
}

static void regions_of_a_package_are_aligned(void **state) {
    struct model model;

    (void)state;
    open_good(&model, "ds030-h64-s7/output_graph.pbmm");
    assert_int_equal((uintptr_t)find(&model, "h1")->value.bytes.data % 64, 0);
    close_model(&model);
}

static void a_package_gives_the_same_graph_as_its_original(void **state) {
    static const char *const names[] = {"ds030-h64-s7/output_graph",
                                        "ds030-h64-s7/output_graph.rounded",
                                        "ds093-h64-s7/output_graph"};
    size_t i, j, k;

    (void)state;
    for (i = 0; i < 3; i++) {
        char name[128];
        struct model plain, package;

        snprintf(name, sizeof(name), "%s.pb", names[i]);
        open_good(&plain, name);
        snprintf(name, sizeof(name), "%s.pbmm", names[i]);
        open_good(&package, name);
        assert_int_equal(plain.graph.n_nodes, package.graph.n_nodes);
        for (j = 0; j < plain.graph.n_nodes; j++) {
            const struct dsi_node *a = &plain.graph.nodes[j];
            const struct dsi_node *b = find(&package, a->name);

            assert_string_equal(a->op, b->op);
            assert_int_equal(a->n_inputs, b->n_inputs);
            for (k = 0; k < a->n_inputs; k++) {
                assert_string_equal(plain.graph.nodes[a->inputs[k].node].name,
                                    package.graph.nodes[b->inputs[k].node].name);
                assert_int_equal(a->inputs[k].output, b->inputs[k].output);
            }
            assert_int_equal(a->value.dtype, b->value.dtype);
            assert_true(dsi_shape_is_equal(&a->value.shape, &b->value.shape));
            assert_int_equal(a->value.bytes.size, b->value.bytes.size);
            if (a->value.bytes.size) {
                assert_memory_equal(a->value.bytes.data, b->value.bytes.data, a->value.bytes.size);
            }
        }
        close_model(&plain);
        close_model(&package);
    }
}

static void broken_files_are_refused_with_the_place(void **state) {
    static const struct {
        const char *name;
        enum dsinfer_status status;
        const char *words[4];
    } cases[] = {
        {"const-dtype-differs.pb", DSINFER_ERR_MALFORMED, {"'b1'", "float32", "int32"}},
        {"const-shape-too-large.pb", DSINFER_ERR_MALFORMED, {"'h2'", "[20,21]", "1680", "1600"}},
        {"cycle.pb", DSINFER_ERR_MALFORMED, {"cycle"}},
        {"directory-offset-beyond-end.pbmm", DSINFER_ERR_MALFORMED, {"70146", "70046"}},
        {"huge-tensor.pb", DSINFER_ERR_MALFORMED, {"'h1'", "[2147483647,2147483647]"}},
        {"length-bit-flip.pb", DSINFER_ERR_MALFORMED, {"byte "}},
        {"missing-node.pb", DSINFER_ERR_MALFORMED, {"'MatMul_2'", "'h3/read'"}},
        {"not-a-model.pb", DSINFER_ERR_MALFORMED, {"this is no model file"}},
        {"region-beyond-end.pbmm",
         DSINFER_ERR_MALFORMED,
         {"'memmapped_package://", "210138", "70050"}},
        {"tag-wire-type-7.pb", DSINFER_ERR_MALFORMED, {"byte 58687", "wire type 7"}},
        {"truncated-in-weights.pb", DSINFER_ERR_MALFORMED, {"ends too early", "34891"}},
        {"zero-length.pb", DSINFER_ERR_MALFORMED, {"the file is empty"}},
        {"intact.tflite", DSINFER_ERR_UNSUPPORTED, {"TensorFlow Lite"}},
        {"bin-too-short.xml", DSINFER_ERR_MALFORMED, {"'h1/read'", "48", "39520", "30160"}},
        {"const-offset-overflow.xml", DSINFER_ERR_MALFORMED, {"'h2/read'", "18446744073709551600"}},
        {"edge-to-missing-layer.xml", DSINFER_ERR_MALFORMED, {"line ", "9999"}},
        {"entity-expansion.xml", DSINFER_ERR_MALFORMED, {"line ", "DOCTYPE", "entities"}},
        {"port-dims-disagree.xml", DSINFER_ERR_MALFORMED, {"'MatMul_1'", "[16,21]", "[16,20]"}},
        {"unknown-element-type.xml", DSINFER_ERR_MALFORMED, {"'h3/read'", "f33"}},
        {"xml-truncated.xml", DSINFER_ERR_MALFORMED, {"line ", "ends too early"}},
    };
    size_t i, j;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dsinfer_error err = {0};
        struct model model;
        const char *format;
        char name[128];

        snprintf(name, sizeof(name), "errors/%s", cases[i].name);
        if (open_model(&model, name, &format, &err) != cases[i].status) {
            fail_msg("%s: %s '%s'", name, dsinfer_status_name(err.status), err.message);
        }
        assert_null(model.graph.nodes);
        for (j = 0; j < 4 && cases[i].words[j]; j++) {
            if (!strstr(err.message, cases[i].words[j])) {
                fail_msg("%s: '%s' does not say '%s'", name, err.message, cases[i].words[j]);
            }
        }
        close_model(&model);
    }
}

/* Reads bytes that may be damaged: a clean refusal, or a graph that verifies. */
static void read_damaged(const uint8_t *bytes, size_t size) {
    const struct dsi_model_source source = {.bytes = {bytes, size}};
    const struct dsi_model_format *format;
    struct dsinfer_error err = {0};
    struct dsi_graph graph = {0};

    if (dsi_model_format_read(&graph, &format, &source, &err) == DSINFER_OK) {
        assert_int_equal(dsi_graph_verify(&graph, &err), DSINFER_OK);
    } else {
        assert_true(err.status != DSINFER_OK && err.message[0]);
    }
    dsi_graph_finish(&graph);
}

/* A copy without a byte to spare, so that reading beyond is an address error. */
static void read_cut(const uint8_t *bytes, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    read_damaged(copy, size);
    free(copy);
}

static void cut_files_never_crash(void **state) {
    static const char *const names[] = {"intact.pb", "intact.pbmm"};
    char path[TEST_PATH_SIZE];
    size_t i, j;

    (void)state;
    for (i = 0; i < 2; i++) {
        size_t size;
        uint8_t *bytes =
            test_read_file(test_shared_path(path, "oracle/graphs/errors/%s", names[i]), &size);

        for (j = 0; j < size; j += j < 2048 || j + 2048 > size ? 11 : 997) {
            read_cut(bytes, j);
        }
        free(bytes);
    }
}

static void flipped_bits_never_crash(void **state) {
    static const char *const names[] = {"intact.pb", "intact.pbmm"};
    char path[TEST_PATH_SIZE];
    struct test_rng rng = {1};
    size_t i, j;

    (void)state;
    for (i = 0; i < 2; i++) {
        size_t size;
        uint8_t *bytes =
            test_read_file(test_shared_path(path, "oracle/graphs/errors/%s", names[i]), &size);

        for (j = 0; j < 500; j++) {
            /* The graph is at the start of the one and near the end of the other. */
            const size_t near = test_rng_next(&rng) % (j % 2 ? 3000 : size);
            const size_t at = i ? size - 1 - near : near;
            const uint8_t bit = (uint8_t)(1u << test_rng_next(&rng) % 8);

            bytes[at] ^= bit;
            read_damaged(bytes, size);
            bytes[at] ^= bit;
        }
        free(bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_genuine_model_reads),
        cmocka_unit_test(the_graph_of_030_is_as_exported),
        cmocka_unit_test(a_value_listed_once_repeats),
        cmocka_unit_test(strings_and_metadata_are_kept),
        cmocka_unit_test(large_constants_are_used_in_place),
        cmocka_unit_test(regions_of_a_package_are_aligned),
        cmocka_unit_test(a_package_gives_the_same_graph_as_its_original),
        cmocka_unit_test(broken_files_are_refused_with_the_place),
        cmocka_unit_test(cut_files_never_crash),
        cmocka_unit_test(flipped_bits_never_crash),
    };

    return test_has_shared() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
