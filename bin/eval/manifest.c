/* Manifests: read whole, taken apart where they lie.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/eval/manifest.h"
#include "bin/input/bytes.h"
#include "bin/memory.h"
#include "bin/options.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 65536

/* What is left of the bytes; the first NUL is their end. */
struct parser {
    char *at;
    char separator;
    size_t line; /* number of the line at `at` */
    struct cli_error *error;
};

struct row {
    const char *fields[CLI_MANIFEST_MAX_COLUMNS];
    size_t n_fields;
    size_t line; /* that it begins on */
};

static const char *const audio_names[] = {"wav_filename", "file", "audio"};
static const char *const text_names[] = {"transcript", "text"};

static bool read_bytes(struct cli_bytes *bytes, char **out, size_t *size, struct cli_error *error) {
    size_t capacity = FIRST_CAPACITY;
    char *buffer = cli_calloc(capacity, 1);
    size_t got = 1;

    *size = 0;
    while (got) {
        if (*size + 1 == capacity) {
            capacity *= 2;
            buffer = cli_realloc(buffer, capacity, 1);
        }
        if (!cli_bytes_read(bytes, buffer + *size, capacity - 1 - *size, &got, error)) {
            break;
        }
        *size += got;
        if (*size > CLI_MANIFEST_MAX_SIZE) {
            cli_fail(error, CLI_RESOURCES, "larger than the limit of %zu bytes",
                     CLI_MANIFEST_MAX_SIZE);
            break;
        }
    }
    buffer[*size] = '\0';
    *out = buffer;
    return got == 0;
}

/* Length of the line end at `at`: 0 where there is none. */
static size_t get_line_end(const char *at) {
    return at[0] == '\n' ? 1 : at[0] == '\r' && at[1] == '\n' ? 2 : 0;
}

static bool is_field_end(const struct parser *parser) {
    return *parser->at == '\0' || *parser->at == parser->separator || get_line_end(parser->at);
}

/* The rest of a field behind its opening quote, moved together. */
static bool read_quoted(struct parser *parser, char **end) {
    const size_t first_line = parser->line;
    char *to = parser->at;

    for (;; parser->at++) {
        if (*parser->at == '\0') {
            return cli_fail(parser->error, CLI_MALFORMED,
                            "line %zu: a field begins with a quote and has none at its end",
                            first_line);
        }
        if (*parser->at == '"' && *++parser->at != '"') {
            break;
        }
        parser->line += *parser->at == '\n';
        *to++ = *parser->at;
    }
    *end = to;
    return is_field_end(parser) ||
           cli_fail(parser->error, CLI_MALFORMED,
                    "line %zu: behind the quote that ends a field there is more of it; quotes "
                    "within are doubled",
                    parser->line);
}

/* Takes a field and what ends it; `is_last`: of its row. */
static bool read_field(struct parser *parser, const char **field, bool *is_last) {
    char *begin = parser->at;
    char *end = begin;
    size_t line_end;

    if (*parser->at == '"') {
        begin = ++parser->at;
        if (!read_quoted(parser, &end)) {
            return false;
        }
    } else {
        while (!is_field_end(parser)) {
            parser->at++;
        }
        end = parser->at;
    }
    line_end = get_line_end(parser->at);
    *is_last = *parser->at != parser->separator;
    parser->at += *is_last ? line_end : 1;
    parser->line += line_end > 0;
    if ((size_t)(end - begin) > CLI_MANIFEST_MAX_FIELD) {
        return cli_fail(parser->error, CLI_RESOURCES,
                        "line %zu: a field is longer than the limit of %zu bytes",
                        parser->line - (line_end > 0), CLI_MANIFEST_MAX_FIELD);
    }
    *end = '\0';
    *field = begin;
    return true;
}

/* Takes the next row; it has no fields at the end of the bytes. */
static bool read_row(struct parser *parser, struct row *row) {
    bool is_last = false;
    size_t line_end;

    while ((line_end = get_line_end(parser->at)) > 0) {
        parser->at += line_end;
        parser->line++;
    }
    row->n_fields = 0;
    row->line = parser->line;
    if (*parser->at == '\0') {
        return true;
    }
    while (!is_last) {
        if (row->n_fields == CLI_MANIFEST_MAX_COLUMNS) {
            return cli_fail(parser->error, CLI_RESOURCES,
                            "line %zu: more fields than the limit of %d", row->line,
                            CLI_MANIFEST_MAX_COLUMNS);
        }
        if (!read_field(parser, &row->fields[row->n_fields++], &is_last)) {
            return false;
        }
    }
    return true;
}

/* The column of one of these names, the first name before the others. */
static bool find_column(const struct row *header, const char *const *names, size_t n_names,
                        size_t *column) {
    size_t i;

    for (i = 0; i < n_names; i++) {
        for (*column = 0; *column < header->n_fields; ++*column) {
            if (strcmp(header->fields[*column], names[i]) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool find_columns(const struct row *header, size_t *audio, size_t *text,
                         struct cli_error *error) {
    if (!find_column(header, audio_names, CLI_N(audio_names), audio)) {
        return cli_fail(error, CLI_MALFORMED,
                        "the first line names no column for the audio: wav_filename, file or "
                        "audio is needed");
    }
    if (!find_column(header, text_names, CLI_N(text_names), text)) {
        return cli_fail(error, CLI_MALFORMED,
                        "the first line names no column for the text: transcript or text is "
                        "needed");
    }
    return true;
}

static bool add_line(struct cli_manifest *manifest, size_t *capacity,
                     const struct cli_manifest_line *line, struct cli_error *error) {
    if (!line->audio[0]) {
        return cli_fail(error, CLI_MALFORMED, "line %zu: the name of the audio is empty",
                        line->number);
    }
    if (manifest->n_lines == CLI_MANIFEST_MAX_LINES) {
        return cli_fail(error, CLI_RESOURCES, "more lines than the limit of %d",
                        CLI_MANIFEST_MAX_LINES);
    }
    if (manifest->n_lines == *capacity) {
        *capacity = *capacity ? 2 * *capacity : 256;
        manifest->lines = cli_realloc(manifest->lines, *capacity, sizeof(*manifest->lines));
    }
    manifest->lines[manifest->n_lines++] = *line;
    return true;
}

static bool read_rows(struct cli_manifest *manifest, struct parser *parser) {
    size_t audio = 0, text = 0;
    size_t capacity = 0;
    size_t n_fields;
    struct row row;

    if (!read_row(parser, &row) || !find_columns(&row, &audio, &text, parser->error)) {
        return false;
    }
    n_fields = row.n_fields;
    for (;;) {
        if (!read_row(parser, &row)) {
            return false;
        }
        if (row.n_fields == 0) {
            return true;
        }
        if (row.n_fields != n_fields) {
            return cli_fail(parser->error, CLI_MALFORMED,
                            "line %zu: %zu fields, where the first line has %zu; one that holds "
                            "a separator needs quotes around it",
                            row.line, row.n_fields, n_fields);
        }
        if (!add_line(manifest, &capacity,
                      &(struct cli_manifest_line){row.fields[audio], row.fields[text], row.line},
                      parser->error)) {
            return false;
        }
    }
}

static bool parse(struct cli_manifest *manifest, size_t size, struct cli_error *error) {
    const char *mark = "\xef\xbb\xbf";
    struct parser parser = {manifest->bytes, ',', 1, error};

    if (strlen(manifest->bytes) != size) {
        return cli_fail(error, CLI_MALFORMED, "byte %zu is NUL: this is no text",
                        strlen(manifest->bytes));
    }
    if (strncmp(parser.at, mark, strlen(mark)) == 0) {
        parser.at += strlen(mark);
    }
    if (parser.at[strcspn(parser.at, "\t\n")] == '\t') {
        parser.separator = '\t';
    }
    return read_rows(manifest, &parser);
}

/* Folder of a file, "." where its name has none. */
static char *make_folder(const char *path) {
    const char *slash = strrchr(path, '/');
    char *folder = cli_strdup(slash ? path : ".");

    if (slash) {
        folder[slash == path ? 1 : slash - path] = '\0';
    }
    return folder;
}

bool cli_manifest_read(const char *path, struct cli_manifest *manifest, struct cli_error *error) {
    struct cli_bytes bytes;
    size_t size;
    bool is_good;

    memset(manifest, 0, sizeof(*manifest));
    if (!cli_bytes_open(&bytes, path, error)) {
        return false;
    }
    is_good = read_bytes(&bytes, &manifest->bytes, &size, error);
    cli_bytes_close(&bytes);
    if (!is_good || !parse(manifest, size, error)) {
        cli_manifest_finish(manifest);
        return false;
    }
    manifest->folder = make_folder(path);
    return true;
}

char *cli_manifest_locate(const struct cli_manifest *manifest,
                          const struct cli_manifest_line *line) {
    return line->audio[0] == '/' ? cli_strdup(line->audio)
                                 : cli_join(manifest->folder, line->audio);
}

void cli_manifest_finish(struct cli_manifest *manifest) {
    free(manifest->bytes);
    free(manifest->folder);
    free(manifest->lines);
    memset(manifest, 0, sizeof(*manifest));
}
