/* Packed models: they compute what they were made of, to the bit, and are refused where they are
 * not what was written, or were written for others. SPDX-License-Identifier: BSD-2-Clause */
#include "model/packed/packed.h"

#include "model/model.h"
#include "runtime/base/alloc.h"
#include "runtime/base/hash.h"
#include "tests/support/rng.h"
#include "tests/support/test.h"

#include <dsinfer/runner.h>

#include <stdlib.h>
#include <string.h>

#define SMALL "tests/golden/variants/ten-steps.pb" /* 4 cells */
#define BUNDLED "model/english/output_graph.pb"

#define N_STREAMS 2
#define N_STEPS 5
#define WINDOW ((size_t)19 * 26)
#define MAX_CELLS 384
#define N_LABELS 29

/* A file in memory, aligned as a mapping is. */
struct file {
    uint8_t *bytes; /* owned; dsi_free */
    size_t size, capacity;
    int n_writes_left; /* negative: any number */
};

static int append(void *user, const void *bytes, size_t size) {
    struct file *file = user;

    if (file->n_writes_left == 0) {
        return -1;
    }
    file->n_writes_left -= file->n_writes_left > 0;
    assert_true(size <= file->capacity - file->size);
    memcpy(file->bytes + file->size, bytes, size);
    file->size += size;
    return 0;
}

static struct dsinfer_model *open_model(const char *name, enum dsinfer_kernel_level level,
                                        enum dsinfer_precision precision) {
    struct dsinfer_model_options options;
    struct dsinfer_model *model;
    struct dsinfer_error err = {0};
    char path[TEST_PATH_SIZE];

    dsinfer_model_options_init(&options);
    options.kernels = level;
    options.precision = precision;
    if (dsinfer_model_open(test_source_path(path, "%s", name), &options, &model, &err) !=
        DSINFER_OK) {
        fail_msg("%s", err.message);
    }
    return model;
}

static struct file make_file(struct dsinfer_model *model) {
    struct file file = {.capacity = (size_t)10 << 20, .n_writes_left = -1};
    const struct dsi_sink sink = {append, &file};

    file.bytes = dsi_malloc_aligned(file.capacity);
    assert_non_null(file.bytes);
    assert_int_equal(dsi_packed_write(model, &sink, NULL), DSINFER_OK);
    return file;
}

static struct file pack(const char *name, enum dsinfer_kernel_level level,
                        enum dsinfer_precision precision) {
    struct dsinfer_model *model = open_model(name, level, precision);
    struct file file = make_file(model);

    dsinfer_model_unref(model);
    return file;
}

static enum dsinfer_status open_packed(const struct file *file, enum dsinfer_kernel_level level,
                                       struct dsinfer_model **model, struct dsinfer_error *err) {
    struct dsinfer_model_options options;

    dsinfer_model_options_init(&options);
    options.kernels = level;
    return dsinfer_model_open_memory(file->bytes, file->size, &options, model, err);
}

struct results {
    float logits[N_STEPS * N_STREAMS * N_LABELS];
    float h[N_STREAMS * MAX_CELLS], c[N_STREAMS * MAX_CELLS];
};

static void compute(struct dsinfer_model *model, struct results *results) {
    static float windows[N_STREAMS * N_STEPS * WINDOW];
    static const int32_t lengths[N_STREAMS] = {N_STEPS, 3};
    struct dsinfer_runner_options options;
    struct dsinfer_runner *runner;
    struct test_rng rng = {1};
    size_t i;

    for (i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        windows[i] = 5.0f * test_rng_float(&rng);
    }
    memset(results, 0, sizeof(*results));
    dsinfer_runner_options_init(&options);
    options.max_streams = N_STREAMS;
    options.max_steps = N_STEPS;
    assert_int_equal(dsinfer_runner_create(model, &options, &runner, NULL), DSINFER_OK);
    for (i = 0; i < 2; i++) { /* the second time with a state */
        const struct dsinfer_step step = {N_STREAMS,       N_STEPS,    windows,
                                          results->h,      results->c, lengths,
                                          results->logits, results->h, results->c};

        assert_int_equal(dsinfer_runner_run(runner, &step), DSINFER_OK);
    }
    dsinfer_runner_destroy(runner);
}

static void expect_equal(struct dsinfer_model *a, struct dsinfer_model *b) {
    static struct results of_a, of_b;

    compute(a, &of_a);
    compute(b, &of_b);
    assert_memory_equal(&of_a, &of_b, sizeof(of_a));
}

static void expect_same_facts(const struct dsinfer_model_info *a,
                              const struct dsinfer_model_info *b) {
    assert_string_equal(b->format, "packed");
    assert_int_equal(a->family, b->family);
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->sample_rate, b->sample_rate);
    assert_int_equal(a->window, b->window);
    assert_int_equal(a->step, b->step);
    assert_int_equal(a->n_features, b->n_features);
    assert_int_equal(a->n_context, b->n_context);
    assert_int_equal(a->n_cell, b->n_cell);
    assert_int_equal(a->n_labels, b->n_labels);
    assert_int_equal(a->n_steps, b->n_steps);
    assert_int_equal(a->has_lengths, b->has_lengths);
    assert_int_equal(a->has_softmax, b->has_softmax);
    assert_int_equal(a->has_state, b->has_state);
    assert_int_equal(a->precision, b->precision);
    assert_int_equal(a->weights_size, b->weights_size);
    assert_int_equal(a->recurrent_size, b->recurrent_size);
    assert_int_equal(a->beam_width, b->beam_width);
    assert_true((a->language == NULL) == (b->language == NULL));
}

static void expect_same_labels(const struct dsinfer_model *a, const struct dsinfer_model *b) {
    uint32_t i;

    assert_true(dsinfer_model_info(a)->n_labels <= N_LABELS);
    for (i = 0; i < dsinfer_model_info(a)->n_labels; i++) {
        const char *label = dsinfer_model_get_label(a, i);

        assert_string_equal(dsinfer_model_get_label(b, i) ? dsinfer_model_get_label(b, i) : "none",
                            label ? label : "none");
    }
}

/* A graph, one of other sizes, and IRs, whose weights lie otherwise. */
static void a_packed_model_is_what_it_was_made_of(void **state) {
    static const char *const names[] = {SMALL, BUNDLED, "tests/golden/variants/no-lengths.pb",
                                        "tests/golden/irs/half.xml", "tests/golden/irs/int8.xml"};
    static const enum dsinfer_kernel_level levels[] = {
        DSINFER_KERNELS_REFERENCE, DSINFER_KERNELS_PORTABLE, DSINFER_KERNELS_NATIVE};
    size_t i, k;
    int precision;

    (void)state;
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (k = i == 1 ? 2 : 0; k < 3; k++) { /* the large one in native kernels alone */
            for (precision = 0; precision <= DSINFER_PRECISION_INT8; precision++) {
                struct dsinfer_model *model =
                    open_model(names[i], levels[k], (enum dsinfer_precision)precision);
                struct file file = make_file(model);
                struct dsinfer_model *packed;

                assert_int_equal(open_packed(&file, levels[k], &packed, NULL), DSINFER_OK);
                expect_same_facts(dsinfer_model_info(model), dsinfer_model_info(packed));
                expect_same_labels(model, packed);
                assert_true(dsi_model_get_fingerprint(packed) == dsi_model_get_fingerprint(model));
                expect_equal(model, packed);
                dsinfer_model_unref(model);
                dsinfer_model_unref(packed);
                dsi_free(file.bytes);
            }
        }
    }
}

static void weights_are_used_where_they_lie(void **state) {
    struct file file = pack(BUNDLED, DSINFER_KERNELS_NATIVE, DSINFER_PRECISION_INT8);
    struct dsinfer_model *model, *moved;
    struct dsi_plan_sizes sizes;

    (void)state;
    assert_int_equal(open_packed(&file, DSINFER_KERNELS_NATIVE, &model, NULL), DSINFER_OK);
    dsi_plan_get_sizes(model->plan, &sizes);
    assert_int_equal(sizes.packed, 0);
    /* In memory at an odd address they are copied, and nothing changes. */
    file.bytes = dsi_realloc(file.bytes, file.size + 1);
    assert_non_null(file.bytes);
    dsinfer_model_unref(model);
    memmove(file.bytes + 1, file.bytes, file.size);
    file.bytes++;
    assert_int_equal(open_packed(&file, DSINFER_KERNELS_NATIVE, &moved, NULL), DSINFER_OK);
    model = open_model(BUNDLED, DSINFER_KERNELS_NATIVE, DSINFER_PRECISION_INT8);
    expect_equal(model, moved);
    dsinfer_model_unref(model);
    dsinfer_model_unref(moved);
    dsi_free(file.bytes - 1);
}

static void the_same_model_gives_the_same_bytes(void **state) {
    int precision;

    (void)state;
    for (precision = 0; precision <= DSINFER_PRECISION_INT8; precision++) {
        struct file a = pack(BUNDLED, DSINFER_KERNELS_NATIVE, (enum dsinfer_precision)precision);
        struct file b = pack(BUNDLED, DSINFER_KERNELS_NATIVE, (enum dsinfer_precision)precision);

        assert_int_equal(a.size, b.size);
        assert_memory_equal(a.bytes, b.bytes, a.size);
        dsi_free(a.bytes);
        dsi_free(b.bytes);
    }
}

static void another_precision_is_refused(void **state) {
    struct file file = pack(SMALL, DSINFER_KERNELS_REFERENCE, DSINFER_PRECISION_INT8);
    struct dsinfer_model_options options;
    struct dsinfer_model *model;
    struct dsinfer_error err;

    (void)state;
    dsinfer_model_options_init(&options);
    options.kernels = DSINFER_KERNELS_REFERENCE;
    options.precision = DSINFER_PRECISION_BF16;
    assert_int_equal(dsinfer_model_open_memory(file.bytes, file.size, &options, &model, &err),
                     DSINFER_ERR_MISMATCH);
    assert_null(model);
    assert_string_equal(err.message, "this model is packed in int8, not in bf16");
    options.precision = DSINFER_PRECISION_INT8;
    assert_int_equal(dsinfer_model_open_memory(file.bytes, file.size, &options, &model, NULL),
                     DSINFER_OK);
    dsinfer_model_unref(model);
    dsi_free(file.bytes);
}

static void kernels_that_want_another_form_are_refused(void **state) {
    struct file file = pack(SMALL, DSINFER_KERNELS_REFERENCE, DSINFER_PRECISION_INT8);
    const struct dsi_bytes bytes = {file.bytes, file.size};
    struct dsi_packed packed = {0};
    struct dsi_kernels kernels;
    struct dsinfer_error err;
    struct dsi_graph graph;

    (void)state;
    assert_int_equal(dsi_packed_read(&graph, &packed, bytes, NULL, NULL), DSINFER_OK);
    dsi_kernels_init(&kernels, DSI_KERNELS_REFERENCE, 0);
    assert_int_equal(dsi_packed_check_kernels(&packed, &kernels, NULL), DSINFER_OK);
    kernels.products[DSI_PRECISION_BF16].layout = "something else"; /* there is none of these */
    assert_int_equal(dsi_packed_check_kernels(&packed, &kernels, NULL), DSINFER_OK);
    kernels.name = "others";
    kernels.products[DSI_PRECISION_INT8].layout = "int8 rows and more";
    assert_int_equal(dsi_packed_check_kernels(&packed, &kernels, &err), DSINFER_ERR_MISMATCH);
    assert_string_equal(err.message,
                        "this model is packed for the kernels 'reference' (int8 rows), but those "
                        "in use, 'others', need another form (int8 rows and more): make it again "
                        "for them, with dsinfer convert --to packed");
    dsi_graph_finish(&graph);
    dsi_free(file.bytes);
}

static void a_network_that_is_not_fused_cannot_be_packed(void **state) {
    struct dsinfer_model *model = open_model("tests/golden/variants/peepholes.pb",
                                             DSINFER_KERNELS_REFERENCE, DSINFER_PRECISION_F32);
    struct file file = {0};
    const struct dsi_sink sink = {append, &file};
    struct dsinfer_error err;

    (void)state;
    assert_int_equal(dsi_packed_write(model, &sink, &err), DSINFER_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "not of the usual structure"));
    dsinfer_model_unref(model);
}

static size_t get_head_size(const struct file *file) {
    return (size_t)dsi_load_u64(file->bytes + 20);
}

/* Of the head, whatever byte changes; and of the whole, wherever it ends. */
static void damage_is_noticed(void **state) {
    struct file file = pack(SMALL, DSINFER_KERNELS_REFERENCE, DSINFER_PRECISION_INT8);
    const size_t head_size = get_head_size(&file), size = file.size;
    struct dsinfer_model *model;
    struct dsinfer_error err;
    size_t i;

    (void)state;
    for (i = 0; i < head_size; i++) {
        file.bytes[i] ^= 0x10;
        assert_int_not_equal(open_packed(&file, DSINFER_KERNELS_REFERENCE, &model, &err),
                             DSINFER_OK);
        assert_true(err.message[0] != '\0');
        file.bytes[i] ^= 0x10;
    }
    for (file.size = 0; file.size < size; file.size += 1 + file.size / 100) {
        assert_int_not_equal(open_packed(&file, DSINFER_KERNELS_REFERENCE, &model, &err),
                             DSINFER_OK);
    }
    file.size = size;
    assert_int_equal(open_packed(&file, DSINFER_KERNELS_REFERENCE, &model, NULL), DSINFER_OK);
    dsinfer_model_unref(model);
    dsi_free(file.bytes);
}

/* Opening does not read the weights; who asks is told. */
static void damage_of_the_weights_is_found_on_request(void **state) {
    struct file file = pack(SMALL, DSINFER_KERNELS_REFERENCE, DSINFER_PRECISION_F32);
    struct dsi_packed packed = {0};
    struct dsinfer_error err;
    struct dsi_graph graph;
    int i;

    (void)state;
    for (i = 0; i < 2; i++) {
        const struct dsi_bytes bytes = {file.bytes, file.size};

        assert_int_equal(dsi_packed_read(&graph, &packed, bytes, NULL, NULL), DSINFER_OK);
        assert_int_equal(dsi_packed_check_data(packed.data_hash, &graph, &err),
                         i == 0 ? DSINFER_OK : DSINFER_ERR_MALFORMED);
        dsi_graph_finish(&graph);
        file.bytes[file.size - 1] ^= 1;
    }
    assert_non_null(strstr(err.message, "are damaged: their checksum differs"));
    dsi_free(file.bytes);
}

static void seal(struct file *file) {
    const size_t sum_at = get_head_size(file) - 8;
    uint64_t sum;

    if (sum_at >= file->size) {
        return;
    }
    sum = dsi_hash_compute(0, file->bytes, sum_at);

    dsi_store_u32(file->bytes + sum_at, (uint32_t)sum);
    dsi_store_u32(file->bytes + sum_at + 4, (uint32_t)(sum >> 32));
}

/* Place of a text of the head. */
static size_t find(const struct file *file, const char *text) {
    size_t i;

    for (i = 0; i + strlen(text) < get_head_size(file); i++) {
        if (memcmp(file->bytes + i, text, strlen(text)) == 0) {
            return i;
        }
    }
    fail_msg("no '%s'", text);
    return 0;
}

/* A change of one byte beside a text, with a checksum that fits. */
static void expect_refused(const char *text, int offset, uint8_t value, const char *sentence) {
    struct file file = pack(SMALL, DSINFER_KERNELS_REFERENCE, DSINFER_PRECISION_F32);
    struct dsinfer_model *model;
    struct dsinfer_error err = {0};

    file.bytes[find(&file, text) + (size_t)((int)strlen(text) + offset)] = value;
    seal(&file);
    if (open_packed(&file, DSINFER_KERNELS_REFERENCE, &model, &err) == DSINFER_OK) {
        fail_msg("'%s' and %d is opened", text, offset);
    }
    if (!strstr(err.message, sentence)) {
        fail_msg("'%s' instead of '%s'", err.message, sentence);
    }
    assert_null(model);
    dsi_free(file.bytes);
}

/* The const "h1" [494,4]: its name; its op; no inputs; attributes; type, shape, forms. */
static void lies_are_refused(void **state) {
    (void)state;
    expect_refused("dsipackd", 0, 2, "has version 2, but only 1 can be read");
    expect_refused("dsipackd", 4, 1, "should have");                       /* size of the file */
    expect_refused("dsipackd", 14, 0xff, "the head of this packed model"); /* of the head */
    expect_refused("reference", 0, 200, "it ends inside"); /* length of a layout's name */
    expect_refused("f32 rows", -1, 'x', "need another form (f32 rows)");
    expect_refused("Placeholder", 0, 70, "the node of an input is");
    expect_refused("windows", 0, 60, "the node of a port");
}

/* Every byte of the head in turn, with a checksum that fits: what opens, runs. */
static void no_byte_of_the_head_does_harm(void **state) {
    static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
    struct file file = pack(SMALL, DSINFER_KERNELS_REFERENCE, DSINFER_PRECISION_INT8);
    const size_t head_size = get_head_size(&file);
    size_t i, k, n_opened = 0;

    (void)state;
    for (i = DSI_PACKED_FIXED_SIZE; i < head_size - 8; i++) {
        const uint8_t before = file.bytes[i];

        for (k = 0; k < sizeof(values); k++) {
            struct dsinfer_model *model;
            struct dsinfer_runner *runner;

            file.bytes[i] = values[k];
            seal(&file);
            if (open_packed(&file, DSINFER_KERNELS_REFERENCE, &model, NULL) == DSINFER_OK) {
                n_opened++;
                if (dsinfer_runner_create(model, NULL, &runner, NULL) == DSINFER_OK) {
                    dsinfer_runner_destroy(runner);
                }
            }
            dsinfer_model_unref(model);
        }
        file.bytes[i] = before;
    }
    assert_true(n_opened > 0); /* names, for example, may be any */
    dsi_free(file.bytes);
}

static void a_sink_that_is_full_is_told(void **state) {
    struct dsinfer_model *model =
        open_model(SMALL, DSINFER_KERNELS_REFERENCE, DSINFER_PRECISION_F32);
    int n;

    (void)state;
    for (n = 0; n < 5; n++) {
        struct file file = {.capacity = (size_t)1 << 20, .n_writes_left = n};
        const struct dsi_sink sink = {append, &file};

        file.bytes = dsi_malloc_aligned(file.capacity);
        assert_non_null(file.bytes);
        assert_int_equal(dsi_packed_write(model, &sink, NULL), DSINFER_ERR_IO);
        dsi_free(file.bytes);
    }
    dsinfer_model_unref(model);
}

static void every_failed_allocation_is_reported(void **state) {
    enum dsinfer_status status = DSINFER_ERR_NO_MEMORY;
    struct dsinfer_model *model =
        open_model("tests/golden/irs/half.xml", DSINFER_KERNELS_REFERENCE, DSINFER_PRECISION_INT8);
    struct file file = {.capacity = (size_t)1 << 20, .n_writes_left = -1};
    const struct dsi_sink sink = {append, &file};
    struct dsinfer_model *packed = NULL;
    long k;

    (void)state;
    file.bytes = dsi_malloc_aligned(file.capacity);
    assert_non_null(file.bytes);
    for (k = 0; status != DSINFER_OK; k++) {
        file.size = 0;
        dsi_alloc_fail_after(k);
        status = dsi_packed_write(model, &sink, NULL);
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
    }
    assert_true(k > 3);
    status = DSINFER_ERR_NO_MEMORY;
    for (k = 0; status != DSINFER_OK; k++) {
        dsi_alloc_fail_after(k);
        status = open_packed(&file, DSINFER_KERNELS_REFERENCE, &packed, NULL);
        dsi_alloc_fail_after(-1);
        assert_true(status == DSINFER_OK || status == DSINFER_ERR_NO_MEMORY);
        assert_true((packed != NULL) == (status == DSINFER_OK));
    }
    assert_true(k > 20);
    dsinfer_model_unref(packed);
    dsinfer_model_unref(model);
    dsi_free(file.bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packed_model_is_what_it_was_made_of),
        cmocka_unit_test(weights_are_used_where_they_lie),
        cmocka_unit_test(the_same_model_gives_the_same_bytes),
        cmocka_unit_test(another_precision_is_refused),
        cmocka_unit_test(kernels_that_want_another_form_are_refused),
        cmocka_unit_test(a_network_that_is_not_fused_cannot_be_packed),
        cmocka_unit_test(damage_is_noticed),
        cmocka_unit_test(damage_of_the_weights_is_found_on_request),
        cmocka_unit_test(lies_are_refused),
        cmocka_unit_test(no_byte_of_the_head_does_harm),
        cmocka_unit_test(a_sink_that_is_full_is_told),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
