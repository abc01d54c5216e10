/* The reader of IRs on documents written by hand: what is broken is refused with the place.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/ir/ir.h"

#include "model/ir/ir_text.h"
#include "runtime/base/alloc.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NET(layers, edges)                                                                         \
    "<?xml version=\"1.0\"?>\n<net name=\"n\" version=\"10\">\n<layers>" layers                    \
    "</layers>\n<edges>" edges "</edges>\n</net>\n"
#define PORT(id) "<port id=\"" id "\"><dim>2</dim></port>"
#define RELU(id, name)                                                                             \
    "<layer id=\"" id "\" name=\"" name                                                            \
    "\" type=\"ReLU\"><input>" PORT("0") "</input><output>" PORT("1") "</output></layer>"
#define PARAMETER(id)                                                                              \
    "<layer id=\"" id "\" name=\"x\" type=\"Parameter\"><data shape=\"2\" element_type=\"f32\"/>"  \
    "<output>" PORT("0") "</output></layer>"
#define EDGE(from, from_port, to, to_port)                                                         \
    "<edge from-layer=\"" from "\" from-port=\"" from_port "\" to-layer=\"" to                     \
    "\" to-port=\"" to_port "\"/>"
#define CONST(data)                                                                                \
    "<layer id=\"0\" name=\"k\" type=\"Const\"><data " data                                        \
    "/><output>" PORT("0") "</output></layer>"

#define VARIABLE(id, name, type, variable)                                                         \
    "<layer id=\"" id "\" name=\"" name "\" type=\"" type "\"><data variable_id=\"" variable       \
    "\"/><input>" PORT("0") "</input><output>" PORT("1") "</output></layer>"
#define ZEROS CONST("element_type=\"f32\" shape=\"2\" offset=\"0\" size=\"8\"")

static const uint8_t WEIGHTS[16] = {0};

static enum dsinfer_status read_text(const char *text, struct dsi_graph *graph,
                                     struct dsinfer_error *err) {
    const struct dsi_bytes xml = {(const uint8_t *)text, strlen(text)};

    return dsi_ir_read(graph, xml, (struct dsi_bytes){WEIGHTS, sizeof(WEIGHTS)}, NULL, err);
}

static const struct {
    const char *text;
    enum dsinfer_status status;
    const char *words[3];
} CASES[] = {
    {"<?xml version=\"1.0\"?><html/>", DSINFER_ERR_MALFORMED, {"<html>", "<net>"}},
    {"<net name=\"n\" version=\"7\"/>", DSINFER_ERR_UNSUPPORTED, {"version '7'", "10 and 11"}},
    {"<net name=\"n\"/>", DSINFER_ERR_MALFORMED, {"line 1", "'version'"}},
    {"<net name=\"n\" version=\"10\">\n<layers>", DSINFER_ERR_MALFORMED, {"line 2", "ends"}},
    {"<net name=\"n\" version=\"10\">\n</layers>", DSINFER_ERR_MALFORMED, {"line 2", "column"}},
    {"<!DOCTYPE net>\n<net/>", DSINFER_ERR_MALFORMED, {"line 1", "DOCTYPE"}},
    {NET(PARAMETER("0") PARAMETER("0"), ""), DSINFER_ERR_MALFORMED, {"same id 0"}},
    {NET(PARAMETER("0") RELU("1", "r"), ""), DSINFER_ERR_MALFORMED, {"input 0", "'r'"}},
    {NET(PARAMETER("0") RELU("1", "r"), EDGE("0", "3", "1", "0")),
     DSINFER_ERR_MALFORMED,
     {"port 3", "'x'"}},
    {NET(PARAMETER("0") RELU("1", "r"), EDGE("0", "0", "1", "3")),
     DSINFER_ERR_MALFORMED,
     {"port 3", "'r'"}},
    {NET(PARAMETER("0") RELU("1", "r"), EDGE("0", "0", "1", "0") EDGE("0", "0", "1", "0")),
     DSINFER_ERR_MALFORMED,
     {"second edge", "'r'"}},
    {NET(RELU("0", "a") RELU("1", "b"), EDGE("0", "1", "1", "0") EDGE("1", "1", "0", "0")),
     DSINFER_ERR_MALFORMED,
     {"depends on itself", "'a'", "'b'"}},
    {NET(CONST("element_type=\"f33\" shape=\"2\" offset=\"0\" size=\"8\""), ""),
     DSINFER_ERR_MALFORMED,
     {"'k'", "f33"}},
    {NET(CONST("element_type=\"u4\" shape=\"2\" offset=\"0\" size=\"8\""), ""),
     DSINFER_ERR_UNSUPPORTED,
     {"'k'", "u4"}},
    {NET(CONST("element_type=\"f32\" shape=\"2\" offset=\"12\" size=\"8\""), ""),
     DSINFER_ERR_MALFORMED,
     {"'k'", "offset 12", "16"}},
    {NET(CONST("element_type=\"f32\" shape=\"2\" offset=\"0\" size=\"4\""), ""),
     DSINFER_ERR_MALFORMED,
     {"'k'", "4 bytes", "8"}},
    {NET(CONST("element_type=\"f32\" shape=\"4294967296,4294967296\" offset=\"0\" size=\"8\""), ""),
     DSINFER_ERR_MALFORMED,
     {"'k'", "4294967296"}},
    {NET("<layer id=\"0\" name=\"t\" type=\"TensorIterator\"/>", ""),
     DSINFER_ERR_MALFORMED,
     {"'t'", "no body"}},
    {NET("<layer id=\"0\" name=\"t\" type=\"\"/>", ""), DSINFER_ERR_MALFORMED, {"type ''"}},
    {NET(PARAMETER("0") VARIABLE("1", "x", "Tanh", "") VARIABLE("2", "r", "ReadValue", "v"),
         EDGE("0", "0", "1", "0") EDGE("1", "1", "2", "0")),
     DSINFER_ERR_UNSUPPORTED,
     {"'r'", "zeros"}},
    {NET(PARAMETER("0") VARIABLE("1", "r", "ReadValue", "v"), EDGE("0", "0", "1", "0")),
     DSINFER_ERR_UNSUPPORTED,
     {"'r'", "never assigned"}},
    {NET(ZEROS VARIABLE("1", "r", "ReadValue", "v"), EDGE("0", "0", "1", "0")),
     DSINFER_ERR_UNSUPPORTED,
     {"'r'", "never assigned"}},
    {NET(ZEROS VARIABLE("1", "r", "ReadValue", "v") VARIABLE("2", "a", "Assign", "w"),
         EDGE("0", "0", "1", "0") EDGE("1", "1", "2", "0")),
     DSINFER_ERR_UNSUPPORTED,
     {"'r'", "never assigned"}},
    {NET(ZEROS VARIABLE("1", "r", "ReadValue", "v") VARIABLE("2", "a", "Assign", "v"),
         EDGE("0", "0", "1", "0") EDGE("1", "1", "2", "0")),
     DSINFER_ERR_UNSUPPORTED,
     {"'a'", "something else"}},
    {NET(ZEROS VARIABLE("1", "r", "ReadValue", "v") VARIABLE("2", "s", "ReadValue", "v"),
         EDGE("0", "0", "1", "0") EDGE("0", "0", "2", "0")),
     DSINFER_ERR_UNSUPPORTED,
     {"'s'", "another layer"}},
};

static void broken_documents_are_refused_with_the_place(void **state) {
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct dsinfer_error err = {0};
        struct dsi_graph graph = {0};

        if (read_text(CASES[i].text, &graph, &err) != CASES[i].status) {
            fail_msg("%s: %s", CASES[i].text, err.message);
        }
        assert_null(graph.nodes);
        for (k = 0; k < 3 && CASES[i].words[k]; k++) {
            if (!strstr(err.message, CASES[i].words[k])) {
                fail_msg("'%s' does not say '%s'", err.message, CASES[i].words[k]);
            }
        }
    }
}

static void deep_documents_are_refused(void **state) {
    struct dsinfer_error err = {0};
    struct dsi_graph graph = {0};
    char text[8192] = "<net name=\"n\" version=\"10\">";
    size_t i;

    (void)state;
    for (i = 0; i < 1000; i++) {
        memcpy(text + strlen(text), "<a>", 4);
    }
    assert_int_equal(read_text(text, &graph, &err), DSINFER_ERR_LIMIT);
    assert_non_null(strstr(err.message, "deeper than 64"));
}

static void numbers_do_not_depend_on_the_locale(void **state) {
    struct dsi_shape shape;
    int64_t values[4];
    uint64_t natural;
    double real;
    bool flag;
    size_t n;

    (void)state;
    assert_true(dsi_ir_parse_float(" -2.5e+1 ", &real) && real == -25.0);
    assert_true(dsi_ir_parse_float("20", &real) && real == 20.0);
    assert_true(dsi_ir_parse_float("125e-2", &real) && fabs(real - 1.25) < 1e-15);
    assert_false(dsi_ir_parse_float("1,5", &real));
    assert_false(dsi_ir_parse_float("", &real));
    assert_true(dsi_ir_parse_uint("18446744073709551615", &natural) && natural == UINT64_MAX);
    assert_false(dsi_ir_parse_uint("18446744073709551616", &natural));
    assert_false(dsi_ir_parse_uint("-1", &natural));
    assert_true(dsi_ir_parse_bool("True", &flag) && flag);
    assert_false(dsi_ir_parse_bool("yes", &flag));
    assert_true(dsi_ir_parse_ints("1, -2,3", 4, values, &n) && n == 3 && values[1] == -2);
    assert_true(dsi_ir_parse_ints("", 4, values, &n) && n == 0);
    assert_false(dsi_ir_parse_ints("1,,2", 4, values, &n));
    assert_false(dsi_ir_parse_ints("1,2,", 4, values, &n));
    assert_false(dsi_ir_parse_ints("1,2,3,4,5", 4, values, &n));
    assert_true(dsi_ir_parse_shape("[?,1..8,26]", &shape) && shape.rank == 3);
    assert_int_equal(shape.dims[0], -1);
    assert_int_equal(shape.dims[1], -1);
    assert_int_equal(shape.dims[2], 26);
    assert_false(dsi_ir_parse_shape("[1,2", &shape));
    assert_false(dsi_ir_parse_shape("-2", &shape));
}

static void the_bin_of_an_xml_is_named_like_it(void **state) {
    char *path = NULL;

    (void)state;
    assert_int_equal(dsi_ir_get_weights_path("a/b.xml", &path, NULL), DSINFER_OK);
    assert_string_equal(path, "a/b.bin");
    dsi_free(path);
    assert_int_equal(dsi_ir_get_weights_path("b.pb", &path, NULL), DSINFER_ERR_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_documents_are_refused_with_the_place),
        cmocka_unit_test(deep_documents_are_refused),
        cmocka_unit_test(numbers_do_not_depend_on_the_locale),
        cmocka_unit_test(the_bin_of_an_xml_is_named_like_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
