/* Streams from files and back.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/state_file.h"

#include "bin/input/bytes.h"
#include "bin/memory.h"
#include "bin/output/writer.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_EVERY_S 5.0

/* Largest state that is read: that of days of speech. */
#define MAX_SIZE ((size_t)256 << 20)

/* Enough to tell a state by its beginning. */
#define PROBE_SIZE 16

static const struct cli_option state_options[] = {
    {"save-state", 0, CLI_TEXT, "FILE", offsetof(struct cli_state_settings, save),
     "do not finish when the input ends: save the state there, for another run to go on", 0, 0,
     NULL},
    {"load-state", 0, CLI_TEXT, "FILE", offsetof(struct cli_state_settings, load),
     "go on from a saved state, with the same model and options", 0, 0, NULL},
    {"resume", 0, CLI_TEXT, "FILE", offsetof(struct cli_state_settings, resume),
     "save the state there now and then, go on from it if it is there, remove it at the end", 0, 0,
     NULL},
    {"save-every", 0, CLI_REAL, "SECONDS", offsetof(struct cli_state_settings, every_s),
     "of audio, with --resume (default 5)", 0, 0, NULL},
};

struct cli_group cli_state_options(struct cli_state_settings *settings) {
    struct cli_group group = {"Saved states", state_options, CLI_N(state_options), settings};

    memset(settings, 0, sizeof(*settings));
    settings->every_s = DEFAULT_EVERY_S;
    return group;
}

const char *cli_state_get_option(const struct cli_state_settings *settings) {
    return settings->save     ? "--save-state"
           : settings->load   ? "--load-state"
           : settings->resume ? "--resume"
                              : NULL;
}

int cli_state_check(struct cli_state_settings *settings) {
    if (settings->resume && (settings->save || settings->load)) {
        return cli_usage("--resume", "it loads and saves by itself: %s cannot be given, too",
                         settings->save ? "--save-state" : "--load-state");
    }
    if (!(settings->every_s > 0.0)) {
        return cli_usage("--save-every", "%g is no time above 0", settings->every_s);
    }
    if (settings->every_s != DEFAULT_EVERY_S && !settings->resume) {
        return cli_usage("--save-every", "only with --resume");
    }
    return CLI_PARSED;
}

bool cli_state_probe(const char *path) {
    struct cli_bytes input;
    struct cli_error error;
    char bytes[PROBE_SIZE];
    size_t n = 0;

    if (!cli_bytes_open(&input, path, &error)) {
        return false;
    }
    if (!input.is_plain || !cli_bytes_read_all(&input, bytes, sizeof(bytes), &n, &error)) {
        n = 0;
    }
    cli_bytes_close(&input);
    return dsinfer_snapshot_probe(bytes, n) != 0;
}

bool cli_state_read(const char *path, void **bytes, size_t *size, struct cli_error *error) {
    struct cli_bytes input;
    char *buffer = NULL;
    size_t capacity = 65536;
    size_t n = 1;
    bool is_good;

    if (!cli_bytes_open(&input, path, error)) {
        return false;
    }
    for (*size = 0, is_good = true; is_good && n > 0; *size += n) {
        if (!buffer || *size == capacity) {
            capacity *= 2;
            buffer = cli_realloc(buffer, capacity, 1);
        }
        is_good = cli_bytes_read(&input, buffer + *size, capacity - *size, &n, error);
        if (is_good && *size + n > MAX_SIZE) {
            is_good = cli_fail(error, CLI_MALFORMED, "it is larger than any saved state, %zu bytes",
                               MAX_SIZE);
        }
    }
    cli_bytes_close(&input);
    *bytes = buffer;
    if (!is_good) {
        free(buffer);
        *bytes = NULL;
    }
    return is_good;
}

/* A state that was finished has no next sample. */
static bool check_open(const void *bytes, size_t size, struct cli_error *error) {
    struct dsinfer_error library_error = {DSINFER_OK, ""};
    struct dsinfer_snapshot_info info;
    const enum dsinfer_status status =
        dsinfer_snapshot_describe(bytes, size, &info, &library_error);

    if (status != DSINFER_OK) {
        return cli_fail_library(error, status, &library_error);
    }
    return !info.is_finished ||
           cli_fail(error, CLI_UNSUPPORTED, "the stream that was saved had ended");
}

bool cli_state_load(const char *path, struct dsinfer_model *model,
                    const struct dsinfer_stream_options *options, struct dsinfer_stream **stream,
                    struct cli_error *error) {
    struct dsinfer_error library_error = {DSINFER_OK, ""};
    enum dsinfer_status status;
    void *bytes;
    size_t size;
    bool is_good;

    if (!cli_state_read(path, &bytes, &size, error)) {
        return false;
    }
    is_good = check_open(bytes, size, error);
    if (is_good) {
        status = dsinfer_stream_load_snapshot(model, options, bytes, size, stream, &library_error);
        is_good = status == DSINFER_OK || cli_fail_library(error, status, &library_error);
    }
    free(bytes);
    return is_good;
}

bool cli_state_save(const char *path, const struct dsinfer_stream *stream,
                    struct cli_error *error) {
    const size_t size = dsinfer_stream_snapshot_size(stream);
    struct cli_whole_file file;
    enum dsinfer_status status;
    void *bytes;
    bool is_good;

    if (size == 0) {
        return cli_fail_library(error, DSINFER_ERR_NO_MEMORY, NULL);
    }
    bytes = cli_calloc(size, 1);
    status = dsinfer_stream_save_snapshot(stream, bytes, size);
    is_good = status == DSINFER_OK || cli_fail_library(error, status, NULL);
    if (is_good && cli_whole_file_open_again(&file, path, error)) {
        fwrite(bytes, 1, size, file.file);
        is_good = cli_whole_file_finish(&file, error) && cli_whole_file_commit(&file, error);
        cli_whole_file_discard(&file);
    } else {
        is_good = false;
    }
    free(bytes);
    return is_good;
}
