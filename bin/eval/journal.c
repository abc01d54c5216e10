/* JSON lines that are read once, then only appended to.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/eval/journal.h"
#include "bin/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BEGINNING "{\"dsinfer_eval\": 1"

/* Where the lines that are read go. */
struct reader {
    json_t *settings;
    const struct cli_manifest *manifest;
    struct cli_eval_line *lines;
    size_t n_lines;
    struct cli_error *error;
};

static bool fail_settings(const char *key, json_t *there, json_t *here, struct cli_error *error) {
    return cli_fail(error, CLI_USAGE, "was made with other settings: %s is %s there, %s here", key,
                    json_is_string(there) ? json_string_value(there) : "not given",
                    json_is_string(here) ? json_string_value(here) : "not given");
}

static bool check_settings(const struct reader *reader, json_t *there) {
    const char *key;
    json_t *value;

    json_object_foreach(reader->settings, key, value) {
        if (!json_equal(value, json_object_get(there, key))) {
            return fail_settings(key, json_object_get(there, key), value, reader->error);
        }
    }
    json_object_foreach(there, key, value) {
        if (!json_object_get(reader->settings, key)) {
            return fail_settings(key, value, NULL, reader->error);
        }
    }
    return true;
}

static int compare_lines(const void *key, const void *item) {
    const size_t number = *(const size_t *)key;
    const struct cli_manifest_line *line = item;

    return (number > line->number) - (number < line->number);
}

static int compare_eval_lines(const void *key, const void *item) {
    return compare_lines(key, ((const struct cli_eval_line *)item)->source);
}

static bool has_text(json_t *object, const char *key, const char *text) {
    json_t *string = cli_json_string(text);
    const bool is_same = json_equal(json_object_get(object, key), string);

    json_decref(string);
    return is_same;
}

static bool take_result(const struct reader *reader, json_t *object) {
    const json_int_t number = json_integer_value(json_object_get(object, "line"));
    const char *hypothesis = json_string_value(json_object_get(object, "hypothesis"));
    const struct cli_manifest_line *source;
    struct cli_eval_line *line;
    size_t key;

    if (number < 1 || !hypothesis) {
        return cli_fail(reader->error, CLI_MALFORMED, "a line of it has no line or hypothesis");
    }
    key = (size_t)number;
    source = bsearch(&key, reader->manifest->lines, reader->manifest->n_lines, sizeof(*source),
                     compare_lines);
    if (!source || !has_text(object, "file", source->audio) ||
        !has_text(object, "reference", source->text)) {
        return cli_fail(reader->error, CLI_USAGE,
                        "is of another manifest: it has other things on line %zu", key);
    }
    line = bsearch(&key, reader->lines, reader->n_lines, sizeof(*line), compare_eval_lines);
    if (line && !line->hypothesis) {
        line->hypothesis = cli_strdup(hypothesis);
    }
    return true;
}

static bool take_line(const struct reader *reader, size_t number, const char *text) {
    json_t *object = json_loads(text, 0, NULL);
    bool is_good;

    if (!json_is_object(object)) {
        is_good = cli_fail(reader->error, CLI_MALFORMED, "line %zu: is no JSON object", number);
    } else if (number > 1) {
        is_good = take_result(reader, object);
    } else {
        json_t *settings = json_object_get(object, "settings");

        is_good = json_is_object(settings) && strncmp(text, BEGINNING, strlen(BEGINNING)) == 0
                      ? check_settings(reader, settings)
                      : cli_fail(reader->error, CLI_MALFORMED, "is not of `dsinfer eval`");
    }
    json_decref(object);
    return is_good;
}

/* A first line that was not finished: is it ours? */
static bool check_torn(const char *text, size_t size, struct cli_error *error) {
    const size_t n = size < strlen(BEGINNING) ? size : strlen(BEGINNING);

    return memcmp(text, BEGINNING, n) == 0 ||
           cli_fail(error, CLI_MALFORMED, "is not of `dsinfer eval`");
}

/* Reads the lines that are whole; `*n` of them, up to byte `*end`. */
static bool read_lines(const struct reader *reader, FILE *file, size_t *n, off_t *end) {
    char *text = NULL;
    size_t capacity = 0;
    bool is_good = true;
    ssize_t size;

    *n = 0;
    *end = 0;
    while (is_good && (size = getline(&text, &capacity, file)) > 0) {
        if (text[size - 1] != '\n') {
            is_good = *n > 0 || check_torn(text, (size_t)size, reader->error);
            break;
        }
        *end += size;
        is_good = take_line(reader, ++*n, text);
    }
    free(text);
    return is_good && (!ferror(file) || cli_fail_errno(reader->error, "cannot be read"));
}

/* Only one program at a time may write. */
static bool lock(int fd, struct cli_error *error) {
    struct flock whole;

    memset(&whole, 0, sizeof(whole));
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    if (fcntl(fd, F_SETLK, &whole) != 0 && (errno == EACCES || errno == EAGAIN)) {
        return cli_fail(error, CLI_IO, "another program is writing it");
    }
    return true;
}

static bool open_file(struct cli_journal *journal, const char *path, struct cli_error *error) {
    const int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    struct stat facts;

    if (fd < 0 || fstat(fd, &facts) != 0) {
        cli_fail_errno(error, "cannot be opened");
    } else if (!S_ISREG(facts.st_mode)) {
        cli_fail(error, CLI_IO, "is no plain file");
    } else if (facts.st_size > CLI_JOURNAL_MAX_SIZE) {
        cli_fail(error, CLI_RESOURCES, "larger than the limit of %ld bytes", CLI_JOURNAL_MAX_SIZE);
    } else if (lock(fd, error)) {
        journal->file = fdopen(fd, "a+");
        if (journal->file) {
            return true;
        }
        cli_fail_errno(error, "cannot be opened");
    }
    if (fd >= 0) {
        close(fd);
    }
    return false;
}

static bool write_line(struct cli_journal *journal, json_t *object, struct cli_error *error) {
    errno = 0;
    cli_json_write(journal->file, object, 0);
    fputc('\n', journal->file);
    return (fflush(journal->file) == 0 && !ferror(journal->file)) ||
           cli_fail_errno(error, "cannot be written");
}

static bool write_beginning(struct cli_journal *journal, json_t *settings,
                            struct cli_error *error) {
    json_t *object = cli_json_object();

    cli_json_set(object, "dsinfer_eval", json_integer(1));
    cli_json_set(object, "settings", json_incref(settings));
    return write_line(journal, object, error);
}

bool cli_journal_open(struct cli_journal *journal, const char *path, json_t *settings,
                      const struct cli_manifest *manifest, struct cli_eval_line *lines,
                      size_t n_lines, struct cli_error *error) {
    const struct reader reader = {settings, manifest, lines, n_lines, error};
    bool is_good;
    size_t n;
    off_t end;

    journal->file = NULL;
    if (!open_file(journal, path, error)) {
        return false;
    }
    rewind(journal->file);
    is_good = read_lines(&reader, journal->file, &n, &end);
    if (is_good && ftruncate(fileno(journal->file), end) != 0) {
        is_good = cli_fail_errno(error, "cannot be written");
    }
    if (is_good && fseek(journal->file, 0, SEEK_END) != 0) {
        is_good = cli_fail_errno(error, "cannot be written");
    }
    if (is_good && n == 0) {
        is_good = write_beginning(journal, settings, error);
    }
    if (!is_good) {
        cli_journal_close(journal);
    }
    return is_good;
}

bool cli_journal_add(struct cli_journal *journal, const struct cli_eval_line *line,
                     struct cli_error *error) {
    json_t *object = cli_json_object();

    cli_json_set(object, "line", json_integer((json_int_t)line->source->number));
    cli_json_set(object, "file", cli_json_string(line->source->audio));
    cli_json_set(object, "reference", cli_json_string(line->source->text));
    cli_json_set(object, "hypothesis", cli_json_string(line->hypothesis));
    return write_line(journal, object, error);
}

void cli_journal_close(struct cli_journal *journal) {
    if (journal->file) {
        fclose(journal->file);
    }
    journal->file = NULL;
}
