/* model/format: files are told by their bytes.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/format.h"

#include "tests/support/test.h"

#include <string.h>

static struct dsi_bytes make(const char *text, size_t size) {
    return (struct dsi_bytes){(const uint8_t *)text, size};
}

static void assert_read(const char *text, size_t size, enum dsinfer_status status,
                        const char *words) {
    const struct dsi_model_source source = {.bytes = make(text, size)};
    const struct dsi_model_format *format = NULL;
    struct dsinfer_error err = {0};
    struct dsi_graph graph = {0};

    assert_int_equal(dsi_model_format_read(&graph, &format, &source, &err), status);
    if (!strstr(err.message, words)) {
        fail_msg("'%s' does not say '%s'", err.message, words);
    }
    assert_null(format);
    assert_null(graph.nodes);
}

static void known_formats_have_names(void **state) {
    (void)state;
    assert_string_equal(dsi_model_format_probe(make("\x0a\x02\x0a\x00", 4))->name, "graphdef");
    assert_string_equal(dsi_model_format_probe(make("\x1c\0\0\0TFL3", 8))->name, "tflite");
    assert_string_equal(dsi_model_format_probe(make("<?xml ", 6))->name, "ir");
    assert_string_equal(dsi_model_format_probe(make("\xef\xbb\xbf<?xml ", 9))->name, "ir");
    assert_null(dsi_model_format_probe(make("", 0)));
    assert_null(dsi_model_format_probe(make("<!DOCTYPE html>", 15)));
    assert_null(dsi_model_format_probe(make("xxxxTFL", 7)));
}

/* A tag of a GraphDef in front does not hide the directory at the end. */
static void a_package_that_begins_like_a_graph_is_a_package(void **state) {
    static const char package[] = "\x0a\0\0\0"
                                  "\x0a\x18\x08\x00\x12\x14memmapped_package://"
                                  "\x04\0\0\0\0\0\0";

    (void)state;
    assert_string_equal(dsi_model_format_probe(make(package, sizeof(package)))->name, "memmapped");
}

static void what_is_no_model_is_refused_in_words(void **state) {
    (void)state;
    assert_read("", 0, DSINFER_ERR_MALFORMED, "the file is empty");
    assert_read("RIFF", 4, DSINFER_ERR_MALFORMED, "no model file: it has only 4 bytes");
    assert_read("<!DOCTYPE html>", 15, DSINFER_ERR_MALFORMED, "this is no model file");
    assert_read("\n\n\n\n<html>", 10, DSINFER_ERR_MALFORMED, "byte ");
    assert_read("\x1c\0\0\0TFL3", 8, DSINFER_ERR_UNSUPPORTED, "TensorFlow Lite");
    assert_read("<?xml ?><net/>", 14, DSINFER_ERR_UNSUPPORTED, "second file");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_formats_have_names),
        cmocka_unit_test(a_package_that_begins_like_a_graph_is_a_package),
        cmocka_unit_test(what_is_no_model_is_refused_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
