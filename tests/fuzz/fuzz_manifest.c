/* Any bytes as a manifest: refused with a sentence, or lines within the limits that read the same
 * when they are written with quotes around every field.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/eval/manifest.h"
#include "tests/fuzz/fuzz_file.h"

#include <string.h>

static void write_field(FILE *out, const char *field) {
    fputc('"', out);
    for (; *field; field++) {
        fputs(*field == '"' ? "\"\"" : (char[]){*field, '\0'}, out);
    }
    fputc('"', out);
}

static void write_quoted(const char *path, const struct cli_manifest *manifest) {
    FILE *out = fopen(path, "wb");
    size_t i;

    FUZZ_CHECK(out && fputs("text,file\n", out) >= 0);
    for (i = 0; i < manifest->n_lines; i++) {
        write_field(out, manifest->lines[i].text);
        fputc(',', out);
        write_field(out, manifest->lines[i].audio);
        fputs("\r\n", out);
    }
    FUZZ_CHECK(fclose(out) == 0);
}

static void check_lines(const struct cli_manifest *manifest) {
    size_t number = 0;
    size_t i;

    FUZZ_CHECK(manifest->n_lines <= CLI_MANIFEST_MAX_LINES);
    for (i = 0; i < manifest->n_lines; i++) {
        const struct cli_manifest_line *line = &manifest->lines[i];
        char *path = cli_manifest_locate(manifest, line);

        FUZZ_CHECK(line->number > number);
        FUZZ_CHECK(line->audio[0] && strlen(line->audio) <= CLI_MANIFEST_MAX_FIELD);
        FUZZ_CHECK(strlen(line->text) <= CLI_MANIFEST_MAX_FIELD);
        FUZZ_CHECK(path[0] == '/');
        number = line->number;
        free(path);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct cli_manifest manifest, again;
    struct cli_error error = {0};
    struct fuzz_file file;
    size_t i;

    fuzz_file_create(&file, data, size);
    if (cli_manifest_read(file.path, &manifest, &error)) {
        check_lines(&manifest);
        write_quoted(file.path, &manifest);
        FUZZ_CHECK(cli_manifest_read(file.path, &again, &error));
        FUZZ_CHECK(again.n_lines == manifest.n_lines);
        for (i = 0; i < again.n_lines; i++) {
            FUZZ_CHECK(strcmp(again.lines[i].audio, manifest.lines[i].audio) == 0);
            FUZZ_CHECK(strcmp(again.lines[i].text, manifest.lines[i].text) == 0);
        }
        cli_manifest_finish(&again);
        cli_manifest_finish(&manifest);
    } else {
        FUZZ_CHECK(error.message[0]);
    }
    fuzz_file_remove(&file);
    return 0;
}
