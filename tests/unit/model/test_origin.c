/* What files say of how they were made.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/origin.h"

#include "model/graphdef/graphdef.h"
#include "runtime/base/alloc.h"
#include "tests/support/test.h"

#include <string.h>

#define HEAD "<?xml version=\"1.0\"?><net version=\"10\"><layers/>"

static const char OF_2021[] =
    HEAD "<rt_info><producer value=\"someone\"/></rt_info><meta_data>"
         "<MO_version value=\"2021.4.2-3976\"/><cli_parameters>"
         "<data_type value=\"FP16\"/><disable_nhwc_to_nchw value=\"True\"/>"
         "<static_shape value=\"False\"/><transform value=\"\"/><silent value=\"True\"/>"
         "<input value=\"a,b&amp;c\"/><unset unset_cli_parameters=\"batch\"/>"
         "</cli_parameters></meta_data></net>";
static const char OF_2026[] = HEAD "<rt_info><info name=\"OpenVINO Runtime\" value=\"2026.4\"/>"
                                   "<conversion_parameters><info name=\"input\" value=\"x\"/>"
                                   "</conversion_parameters></rt_info></net>";
static const char OWN[] = HEAD "<rt_info><producer value=\"dsinfer 1.2\"/></rt_info></net>";

/* Of a layer, and deeper than where signatures are. */
static const char OF_OTHERS[] = HEAD "<edges><MO_version value=\"1\"/></edges><rt_info><a>"
                                     "<MO_version value=\"1\"/><input value=\"x\"/></a></rt_info>"
                                     "<a><cli_parameters><input value=\"x\"/></cli_parameters></a>"
                                     "</net>";

static void read_text(struct dsi_origin *origin, const char *text) {
    dsi_origin_init(origin);
    assert_int_equal(
        dsi_origin_read(origin, (struct dsi_bytes){(const uint8_t *)text, strlen(text)}, NULL),
        DSINFER_OK);
}

static void check_fact(const struct dsi_origin *origin, size_t i, const char *name,
                       const char *value) {
    assert_true(i < origin->n_facts);
    assert_string_equal(origin->facts[i].name, name);
    assert_string_equal(origin->facts[i].value, value);
    assert_int_equal(origin->facts[i].is_flag, name[0] == '-');
}

static void an_ir_names_its_makers_and_their_flags(void **state) {
    struct dsi_origin origin;

    (void)state;
    read_text(&origin, OF_2021);
    check_fact(&origin, 0, "Model Optimizer", "2021.4.2-3976");
    check_fact(&origin, 1, "--data_type", "FP16");
    check_fact(&origin, 2, "--disable_nhwc_to_nchw", "");
    check_fact(&origin, 3, "--input", "a,b&c");
    assert_int_equal(origin.n_facts, 4);
    dsi_origin_finish(&origin);

    read_text(&origin, OF_2026);
    check_fact(&origin, 0, "OpenVINO", "2026.4");
    check_fact(&origin, 1, "--input", "x");
    assert_int_equal(origin.n_facts, 2);
    dsi_origin_finish(&origin);

    read_text(&origin, OWN);
    check_fact(&origin, 0, "dsinfer", "1.2");
    assert_int_equal(origin.n_facts, 1);
    dsi_origin_finish(&origin);
}

static void what_stands_elsewhere_is_no_maker(void **state) {
    struct dsi_origin origin;

    (void)state;
    read_text(&origin, OF_OTHERS);
    assert_int_equal(origin.n_facts, 0);
    dsi_origin_finish(&origin);
}

static void a_graph_may_name_the_version_of_its_format(void **state) {
    static const char with[] = "\x0a\x02\x0a\x00\x22\x04\x08\x1b\x10\x0c";
    static const char without[] = "\x0a\x02\x0a\x00\x12\x00\x22\x00";
    struct dsi_origin origin;
    uint32_t version = 7;

    (void)state;
    dsi_origin_init(&origin);
    assert_int_equal(
        dsi_origin_read(&origin, (struct dsi_bytes){(const uint8_t *)with, sizeof(with) - 1}, NULL),
        DSINFER_OK);
    check_fact(&origin, 0, "TensorFlow", "graph version 27");
    dsi_origin_finish(&origin);
    assert_false(dsi_graphdef_find_producer(
        (struct dsi_bytes){(const uint8_t *)without, sizeof(without) - 1}, &version));
    assert_int_equal(version, 7);
}

static void long_texts_and_many_are_left_out(void **state) {
    static char text[DSI_ORIGIN_MAX_TEXT + 2];
    struct dsi_origin origin;
    size_t i;

    (void)state;
    dsi_origin_init(&origin);
    memset(text, 'x', sizeof(text) - 1);
    dsi_origin_add(&origin, "", "long", text);
    assert_int_equal(origin.n_facts, 0);
    text[DSI_ORIGIN_MAX_TEXT] = '\0';
    for (i = 0; i < 2 * DSI_ORIGIN_MAX_FACTS; i++) {
        dsi_origin_add(&origin, "--", "flag", text);
    }
    assert_int_equal(origin.n_facts, DSI_ORIGIN_MAX_FACTS);
    assert_false(origin.has_failed);
    dsi_origin_finish(&origin);
}

static void reading_survives_every_failed_allocation(void **state) {
    const struct dsi_bytes bytes = {(const uint8_t *)OF_2021, sizeof(OF_2021) - 1};
    enum dsinfer_status status;
    struct dsi_origin origin;
    long n;

    (void)state;
    for (n = 0;; n++) {
        dsi_origin_init(&origin);
        dsi_alloc_fail_after(n);
        status = dsi_origin_read(&origin, bytes, NULL);
        dsi_alloc_fail_after(-1);
        dsi_origin_finish(&origin);
        if (status == DSINFER_OK) {
            break;
        }
        assert_int_equal(status, DSINFER_ERR_NO_MEMORY);
    }
    assert_true(n > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ir_names_its_makers_and_their_flags),
        cmocka_unit_test(what_stands_elsewhere_is_no_maker),
        cmocka_unit_test(a_graph_may_name_the_version_of_its_format),
        cmocka_unit_test(long_texts_and_many_are_left_out),
        cmocka_unit_test(reading_survives_every_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
