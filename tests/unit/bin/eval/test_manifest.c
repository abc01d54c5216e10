/* Manifests: columns, quotes, line ends, what is refused.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/eval/manifest.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct read {
    bool is_good;
    struct cli_manifest manifest;
    struct cli_error error;
    char folder[32];
};

static void read_bytes(struct read *read, const char *bytes, size_t size) {
    char path[64];
    FILE *file;

    snprintf(read->folder, sizeof(read->folder), "/tmp/dsinfer-test-XXXXXX");
    assert_non_null(mkdtemp(read->folder));
    snprintf(path, sizeof(path), "%s/list", read->folder);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    read->is_good = cli_manifest_read(path, &read->manifest, &read->error);
    unlink(path);
    rmdir(read->folder);
}

static void assert_lines(const char *bytes, const char *const *expected, size_t n) {
    struct read read;
    size_t i;

    read_bytes(&read, bytes, strlen(bytes));
    assert_true(read.is_good);
    assert_int_equal(read.manifest.n_lines, n);
    for (i = 0; i < n; i++) {
        assert_string_equal(read.manifest.lines[i].audio, expected[2 * i]);
        assert_string_equal(read.manifest.lines[i].text, expected[2 * i + 1]);
    }
    cli_manifest_finish(&read.manifest);
}

static void assert_refused(const char *bytes, size_t size, enum cli_class class, const char *says) {
    struct read read;

    read_bytes(&read, bytes, size);
    assert_false(read.is_good);
    assert_int_equal(read.error.class, class);
    if (!strstr(read.error.message, says)) {
        fail_msg("'%s' does not say '%s'", read.error.message, says);
    }
}

static void columns_are_found_by_name(void **state) {
    static const char *const expected[] = {"a.wav", "one two", "b.wav", ""};

    (void)state;
    assert_lines("wav_filename,wav_filesize,transcript\na.wav,1,one two\nb.wav,2,\n", expected, 2);
    assert_lines("text,audio\none two,a.wav\n,b.wav", expected, 2);
    assert_lines("file\tspeaker\ttext\na.wav\t3\tone two\nb.wav\t4\t\n", expected, 2);
    assert_lines("audio,file,text,transcript\nx,a.wav,y,one two\nx,b.wav,y,\n", expected, 2);
}

static void quotes_hold_anything(void **state) {
    static const char *const expected[] = {"a, b.wav", "she said \"yes\"\nand \"no\"", "c\td", "e"};

    (void)state;
    assert_lines("file,text\n\"a, b.wav\",\"she said \"\"yes\"\"\nand \"\"no\"\"\"\nc\td,\"e\"\n",
                 expected, 2);
    assert_lines("file\ttext\na, b.wav\t\"she said \"\"yes\"\"\nand \"\"no\"\"\"\n\"c\td\"\te",
                 expected, 2);
}

static void quotes_within_a_field_are_plain(void **state) {
    static const char *const expected[] = {"a.wav", "5\" nails and 6\" ones"};

    (void)state;
    assert_lines("file,text\na.wav,5\" nails and 6\" ones\n", expected, 1);
}

static void line_ends_and_marks_do_not_matter(void **state) {
    static const char *const expected[] = {"a.wav", "one", "b.wav", "two"};

    (void)state;
    assert_lines("\xef\xbb\xbf"
                 "file,text\r\na.wav,one\r\n\r\nb.wav,two\r\n\r\n",
                 expected, 2);
    assert_lines("\n\nfile,text\n\n\na.wav,\"one\"\nb.wav,two", expected, 2);
    assert_lines("file,text\n", expected, 0);
}

static void lines_know_their_number(void **state) {
    const char *bytes = "file,text\n\na.wav,\"one\ntwo\"\n\nb.wav,three\n";
    struct read read;

    (void)state;
    read_bytes(&read, bytes, strlen(bytes));
    assert_true(read.is_good);
    assert_int_equal(read.manifest.lines[0].number, 3);
    assert_int_equal(read.manifest.lines[1].number, 6);
    cli_manifest_finish(&read.manifest);
}

static void names_are_relative_to_the_manifest(void **state) {
    const char *bytes = "file,text\nsub/a.wav,\n/b.wav,\n-,\n";
    char expected[64];
    struct read read;
    char *path;

    (void)state;
    read_bytes(&read, bytes, strlen(bytes));
    assert_true(read.is_good);
    path = cli_manifest_locate(&read.manifest, &read.manifest.lines[0]);
    snprintf(expected, sizeof(expected), "%s/sub/a.wav", read.folder);
    assert_string_equal(path, expected);
    free(path);
    path = cli_manifest_locate(&read.manifest, &read.manifest.lines[1]);
    assert_string_equal(path, "/b.wav");
    free(path);
    path = cli_manifest_locate(&read.manifest, &read.manifest.lines[2]);
    assert_string_not_equal(path, "-");
    free(path);
    cli_manifest_finish(&read.manifest);
}

static void damaged_manifests_are_refused(void **state) {
    static const struct {
        const char *bytes, *says;
    } cases[] = {
        {"", "wav_filename"},
        {"a.wav,one\n", "wav_filename"},
        {"file,words\n", "transcript"},
        {"file,text\na.wav\n", "line 2: 1 field"},
        {"file,text\na.wav,one, two\n", "line 2: 3 fields"},
        {"file,text\n\na.wav,\"one\n\n", "line 3: a field begins with a quote"},
        {"file,text\na.wav,\"one\" two\n", "line 2: behind the quote"},
        {"file,text\n,one\n", "line 2: the name of the audio is empty"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_refused(cases[i].bytes, strlen(cases[i].bytes), CLI_MALFORMED, cases[i].says);
    }
    assert_refused("file,text\na\0b,c\n", 16, CLI_MALFORMED, "byte 11 is NUL");
}

static void limits_are_kept(void **state) {
    const size_t size = CLI_MANIFEST_MAX_FIELD + 64;
    char *bytes = calloc(1, size);
    size_t length;

    (void)state;
    assert_non_null(bytes);
    length = (size_t)snprintf(bytes, size, "file,text\na.wav,");
    memset(bytes + length, 'x', CLI_MANIFEST_MAX_FIELD + 1);
    assert_refused(bytes, strlen(bytes), CLI_RESOURCES, "line 2: a field is longer");
    memset(bytes, ',', CLI_MANIFEST_MAX_COLUMNS + 1);
    assert_refused(bytes, CLI_MANIFEST_MAX_COLUMNS + 1, CLI_RESOURCES, "more fields");
    free(bytes);
}

static void folders_and_missing_files_are_refused(void **state) {
    struct cli_manifest manifest;
    struct cli_error error;

    (void)state;
    assert_false(cli_manifest_read("/tmp", &manifest, &error));
    assert_int_equal(error.class, CLI_IO);
    assert_false(cli_manifest_read("/nowhere/list.csv", &manifest, &error));
    assert_int_equal(error.class, CLI_IO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_found_by_name),
        cmocka_unit_test(quotes_hold_anything),
        cmocka_unit_test(quotes_within_a_field_are_plain),
        cmocka_unit_test(line_ends_and_marks_do_not_matter),
        cmocka_unit_test(lines_know_their_number),
        cmocka_unit_test(names_are_relative_to_the_manifest),
        cmocka_unit_test(damaged_manifests_are_refused),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(folders_and_missing_files_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
