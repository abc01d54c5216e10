/* Results as JSON: one value (`json`), or one object a line (`jsonl`).
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/output/json.h"
#include "bin/memory.h"
#include "bin/output/output.h"
#include "bin/characters.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *check(json_t *value) {
    if (!value) {
        cli_out_of_memory();
    }
    return value;
}

/* A copy in which what is no UTF-8 became U+FFFD; owned by the caller. */
static char *make_clean(const char *text) {
    char *clean = cli_calloc(strlen(text) + 1, 3);
    size_t length = 0;

    while (*text) {
        const size_t size = cli_character_size(text);

        memcpy(clean + length, size ? text : "\xef\xbf\xbd", size ? size : 3);
        length += size ? size : 3;
        text += size ? size : 1;
    }
    return clean;
}

json_t *cli_json_string(const char *text) {
    char *clean = make_clean(text);
    json_t *string = check(json_string(clean));

    free(clean);
    return string;
}

json_t *cli_json_real(double value) {
    return check(isfinite(value) ? json_real(value) : json_null());
}

void cli_json_set(json_t *object, const char *key, json_t *value) {
    char *clean = make_clean(key);

    if (json_object_set_new(object, clean, check(value)) != 0) {
        cli_out_of_memory();
    }
    free(clean);
}

void cli_json_append(json_t *array, json_t *value) {
    if (json_array_append_new(array, check(value)) != 0) {
        cli_out_of_memory();
    }
}

json_t *cli_json_object(void) {
    return check(json_object());
}

json_t *cli_json_array(void) {
    return check(json_array());
}

void cli_json_write(FILE *file, json_t *value, int is_pretty) {
    json_dumpf(value, file, CLI_JSON_FLAGS | (is_pretty ? JSON_INDENT(2) : 0));
    json_decref(value);
}

static json_t *make_numbers(const uint32_t *numbers, size_t n) {
    json_t *array = cli_json_array();
    size_t i;

    for (i = 0; i < n; i++) {
        cli_json_append(array, json_integer((json_int_t)numbers[i]));
    }
    return array;
}

static json_t *make_words(const struct dsinfer_transcript *transcript) {
    json_t *array = cli_json_array();
    size_t i;

    for (i = 0; i < transcript->n_words; i++) {
        const struct dsinfer_word *word = &transcript->words[i];
        json_t *object = cli_json_object();

        cli_json_set(object, "word", cli_json_string(word->text));
        cli_json_set(object, "start", cli_json_real(word->start_s));
        cli_json_set(object, "end", cli_json_real(word->end_s));
        cli_json_set(object, "confidence", cli_json_real(word->confidence));
        cli_json_append(array, object);
    }
    return array;
}

static json_t *make_candidates(const struct dsinfer_transcript *transcript) {
    json_t *array = cli_json_array();
    size_t i;

    for (i = 0; i < transcript->n_candidates; i++) {
        const struct dsinfer_candidate *candidate = &transcript->candidates[i];
        json_t *object = cli_json_object();

        cli_json_set(object, "text", cli_json_string(candidate->text));
        cli_json_set(object, "score", cli_json_real(candidate->score));
        cli_json_set(object, "labels", make_numbers(candidate->labels, candidate->n_labels));
        cli_json_set(object, "timesteps", make_numbers(candidate->timesteps, candidate->n_labels));
        cli_json_append(array, object);
    }
    return array;
}

static json_t *make_result(const char *input, const struct dsinfer_transcript *transcript) {
    json_t *object = cli_json_object();

    cli_json_set(object, "type", cli_json_string("final"));
    cli_json_set(object, "file", cli_json_string(input));
    cli_json_set(object, "text", cli_json_string(transcript->text));
    cli_json_set(object, "confidence", cli_json_real(transcript->confidence));
    cli_json_set(object, "words", make_words(transcript));
    cli_json_set(object, "candidates", make_candidates(transcript));
    return object;
}

static void begin_json(struct cli_output *output) {
    if (output->n_inputs != 1) {
        fputs("[\n", output->writer.file);
    }
}

static void write_json(struct cli_output *output, const char *input,
                       const struct dsinfer_transcript *transcript) {
    if (output->n_written) {
        fputs(",\n", output->writer.file);
    }
    cli_json_write(output->writer.file, make_result(input, transcript), 0);
    if (output->n_inputs == 1) {
        fputc('\n', output->writer.file);
    }
}

static void end_json(struct cli_output *output) {
    if (output->n_inputs != 1) {
        fputs(output->n_written ? "\n]\n" : "]\n", output->writer.file);
    }
}

static void write_line(struct cli_output *output, const char *input,
                       const struct dsinfer_transcript *transcript) {
    cli_json_write(output->writer.file, make_result(input, transcript), 0);
    fputc('\n', output->writer.file);
}

static void write_partial(struct cli_output *output, const char *input,
                          const struct dsinfer_transcript *transcript) {
    json_t *object = cli_json_object();

    cli_json_set(object, "type", cli_json_string("partial"));
    cli_json_set(object, "file", cli_json_string(input));
    cli_json_set(object, "text", cli_json_string(transcript->text));
    cli_json_set(object, "time", cli_json_real(transcript->time_s));
    cli_json_write(output->writer.file, object, 0);
    fputc('\n', output->writer.file);
}

const struct cli_format cli_format_json = {"json", begin_json, end_json, write_json, NULL};
const struct cli_format cli_format_jsonl = {"jsonl", NULL, NULL, write_line, write_partial};
