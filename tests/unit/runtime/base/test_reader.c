/* base/writer, base/reader, base/hash: what is written is read, nothing else is believed.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/hash.h"
#include "runtime/base/reader.h"
#include "runtime/base/writer.h"

#include "tests/support/test.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void put_all(struct dsi_writer *writer) {
    const float floats[] = {-1.0f, 0.5f, FLT_MAX};

    dsi_writer_put_u8(writer, 200);
    dsi_writer_put_u32(writer, 0x01020304);
    dsi_writer_put_u64(writer, UINT64_MAX - 1);
    dsi_writer_put_number(writer, 0);
    dsi_writer_put_number(writer, 300);
    dsi_writer_put_number(writer, UINT64_MAX);
    dsi_writer_put_float(writer, -INFINITY);
    dsi_writer_put_floats(writer, floats, 3);
    dsi_writer_put_double(writer, -1e300);
    dsi_writer_put_bytes(writer, NULL, 0);
}

static void what_was_written_is_read_again(void **state) {
    uint8_t bytes[128];
    struct dsi_writer writer;
    struct dsi_reader reader;
    float floats[3];

    (void)state;
    dsi_writer_init(&writer, bytes, sizeof(bytes));
    put_all(&writer);
    assert_true(dsi_writer_has_all(&writer));
    assert_int_equal(bytes[1], 4); /* little-endian */
    dsi_reader_init(&reader, (struct dsi_bytes){bytes, writer.size}, NULL);
    assert_true(dsi_cursor_skip(&reader.cursor, 1));
    assert_int_equal(dsi_reader_take_u32(&reader, ""), 0x01020304);
    assert_true(dsi_reader_take_u64(&reader, "") == UINT64_MAX - 1);
    assert_int_equal(dsi_reader_take_number(&reader, 0, ""), 0);
    assert_int_equal(dsi_reader_take_number(&reader, 300, ""), 300);
    assert_true(dsi_reader_take_number(&reader, UINT64_MAX, "") == UINT64_MAX);
    assert_true(dsi_reader_take_float(&reader, -INFINITY, 0.0f, "") == -INFINITY);
    dsi_reader_take_floats(&reader, FLT_MAX, floats, 3, "");
    assert_true(floats[0] == -1.0f && floats[1] == 0.5f && floats[2] == FLT_MAX);
    assert_true(dsi_reader_take_double(&reader, -DBL_MAX, 0.0, "") == -1e300);
    assert_int_equal(reader.status, DSINFER_OK);
    assert_true(dsi_cursor_is_at_end(&reader.cursor));
}

static void without_room_bytes_are_counted(void **state) {
    uint8_t bytes[128];
    struct dsi_writer whole, writer;
    size_t n;

    (void)state;
    dsi_writer_init(&whole, NULL, 0);
    put_all(&whole);
    assert_false(dsi_writer_has_all(&whole));
    for (n = 0; n <= whole.size; n++) {
        memset(bytes, 0xaa, sizeof(bytes));
        dsi_writer_init(&writer, bytes, n);
        put_all(&writer);
        assert_int_equal(writer.size, whole.size);
        assert_int_equal(dsi_writer_has_all(&writer), n == whole.size);
        assert_int_equal(bytes[n], 0xaa);
    }
}

static void assert_fails(struct dsi_reader *reader, const struct dsinfer_error *error,
                         const char *sentence) {
    assert_int_equal(reader->status, DSINFER_ERR_MALFORMED);
    assert_string_equal(error->message, sentence);
    assert_int_equal(dsi_reader_take_number(reader, 9, "it"), 0);
    assert_true(dsi_reader_take_float(reader, -1.0f, 1.0f, "it") == 0.0f);
    assert_string_equal(error->message, sentence); /* the first one is kept */
}

static void numbers_outside_their_bounds_are_refused(void **state) {
    const uint8_t many[] = {0xac, 0x02, 0, 0};
    const uint8_t nan[] = {0, 0, 0xc0, 0x7f};
    const uint8_t infinity[] = {0, 0, 0x80, 0xff};
    struct dsinfer_error error;
    struct dsi_reader reader;

    (void)state;
    dsi_reader_init(&reader, (struct dsi_bytes){many, 4}, &error);
    (void)dsi_reader_take_number(&reader, 299, "the size");
    assert_fails(&reader, &error, "byte 2: the size is 300, and at most 299 is possible");
    dsi_reader_init(&reader, (struct dsi_bytes){many, 1}, &error);
    (void)dsi_reader_take_number(&reader, 299, "the size");
    assert_fails(&reader, &error, "byte 0: it ends inside the size");
    dsi_reader_init(&reader, (struct dsi_bytes){many, 3}, &error);
    (void)dsi_reader_take_float(&reader, 0.0f, 1.0f, "a score");
    assert_fails(&reader, &error, "byte 0: it ends inside a score");
    dsi_reader_init(&reader, (struct dsi_bytes){nan, 4}, &error);
    (void)dsi_reader_take_float(&reader, -INFINITY, INFINITY, "a score");
    assert_fails(&reader, &error, "byte 4: a score is nan, not a number from -inf to inf");
    dsi_reader_init(&reader, (struct dsi_bytes){infinity, 4}, &error);
    (void)dsi_reader_take_float(&reader, -2.0f, 1.0f, "a score");
    assert_fails(&reader, &error, "byte 4: a score is -inf, not a number from -2 to 1");
    dsi_reader_init(&reader, (struct dsi_bytes){infinity, 4}, &error);
    assert_true(dsi_reader_check(&reader, DSINFER_OK));
    assert_false(dsi_reader_check(&reader, DSINFER_ERR_LIMIT));
    assert_int_equal(reader.status, DSINFER_ERR_LIMIT);
}

static void hashes_are_the_same_everywhere(void **state) {
    uint8_t *large = malloc(9 << 20);
    uint64_t hash;

    (void)state;
    assert_non_null(large);
    assert_true(dsi_hash_compute(0, "", 0) == 0);
    assert_true(dsi_hash_compute(0, "hello", 5) == UINT64_C(0x1e68d17c457bf117));
    assert_true(dsi_hash_compute(0, "ab", 2) != dsi_hash_compute(1, "ab", 2));
    memset(large, 1, 9 << 20);
    hash = dsi_hash_sample(0, large, 9 << 20);
    assert_true(hash == dsi_hash_sample(0, large, 9 << 20));
    assert_true(hash != dsi_hash_sample(0, large, (9 << 20) - 1));
    large[(9 << 20) - 1] = 2;
    assert_true(hash != dsi_hash_sample(0, large, 9 << 20));
    free(large);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_again),
        cmocka_unit_test(without_room_bytes_are_counted),
        cmocka_unit_test(numbers_outside_their_bounds_are_refused),
        cmocka_unit_test(hashes_are_the_same_everywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
