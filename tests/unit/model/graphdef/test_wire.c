/* model/graphdef/wire: fields as they are, and where broken ones begin.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/graphdef/wire.h"

#include "tests/support/test.h"

#include <string.h>

static struct dsi_wire_reader make(const void *bytes, size_t size) {
    struct dsi_wire_reader reader;

    dsi_wire_reader_init(&reader, (struct dsi_bytes){bytes, size}, 1000, "the file");
    return reader;
}

static void every_type_is_read(void **state) {
    struct dsi_wire_reader reader = make("\x08\x96\x01\x11"
                                         "abcdefgh\x1a\x02xy\x25"
                                         "abcd",
                                         21);
    struct dsi_wire_field field;

    (void)state;
    assert_int_equal(dsi_wire_read(&reader, &field, NULL), DSINFER_OK);
    assert_int_equal(field.number, 1);
    assert_int_equal(field.type, DSI_WIRE_VARINT);
    assert_int_equal(field.value, 150);
    assert_int_equal(field.whole.size, 3);
    assert_int_equal(dsi_wire_read(&reader, &field, NULL), DSINFER_OK);
    assert_int_equal(field.type, DSI_WIRE_FIXED64);
    assert_int_equal(field.whole.size, 9);
    assert_int_equal(dsi_wire_read(&reader, &field, NULL), DSINFER_OK);
    assert_int_equal(field.type, DSI_WIRE_BYTES);
    assert_int_equal(field.offset, 1012);
    assert_int_equal(field.bytes.size, 2);
    assert_memory_equal(field.bytes.data, "xy", 2);
    assert_int_equal(dsi_wire_read(&reader, &field, NULL), DSINFER_OK);
    assert_int_equal(field.type, DSI_WIRE_FIXED32);
    assert_true(dsi_wire_is_at_end(&reader));
}

static void a_message_inside_keeps_its_place_in_the_file(void **state) {
    struct dsi_wire_reader reader = make("\x0a\x82\x00\x10\x05", 5);
    struct dsi_wire_reader inner;
    struct dsi_wire_field field;

    (void)state;
    assert_int_equal(dsi_wire_read(&reader, &field, NULL), DSINFER_OK);
    dsi_wire_reader_enter(&inner, &field);
    assert_int_equal(dsi_wire_read(&inner, &field, NULL), DSINFER_OK);
    assert_int_equal(field.offset, 1003);
    assert_int_equal(field.number, 2);
    assert_int_equal(field.value, 5);
    assert_true(dsi_wire_is_at_end(&inner));
}

static void broken_fields_are_refused_with_the_byte(void **state) {
    static const struct {
        const char *bytes;
        size_t size;
        const char *words;
    } cases[] = {
        {"\x80", 1, "byte 1000: the tag"},
        {"\x00\x01", 2, "byte 1000: the tag"},      /* field 0 */
        {"\x80\x80\x80\x80\x10\x01", 6, "the tag"}, /* more than 32 bits */
        {"\x08", 1, "field 1 at byte 1000"},        /* no number */
        {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11, "field 1 at byte 1000"},
        {"\x09xxxxxxx", 8, "ends too early, at byte 1008"},
        {"\x0dxxx", 4, "ends too early, at byte 1004"},
        {"\x0a", 1, "its length"},
        {"\x0a\x02x", 3, "should hold 2 bytes, but the file ends too early, at byte 1003"},
        {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x", 12, "18446744073709551615"},
        {"\x0b", 1, "byte 1000: field 1 has wire type 3"},
        {"\x0c", 1, "wire type 4"},
        {"\x0e", 1, "wire type 6"},
        {"\x0f", 1, "wire type 7"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dsi_wire_reader reader = make(cases[i].bytes, cases[i].size);
        struct dsi_wire_field field;
        struct dsinfer_error err = {0};

        assert_int_equal(dsi_wire_read(&reader, &field, &err), DSINFER_ERR_MALFORMED);
        if (!strstr(err.message, cases[i].words)) {
            fail_msg("case %zu: '%s' does not say '%s'", i, err.message, cases[i].words);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(a_message_inside_keeps_its_place_in_the_file),
        cmocka_unit_test(broken_fields_are_refused_with_the_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
