/* Facts about saved states.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/inspect_state.h"

#include "bin/output/json.h"
#include "bin/output/writer.h"
#include "bin/state_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *name_fingerprint(uint64_t fingerprint, char text[17]) {
    snprintf(text, 17, "%016" PRIx64, fingerprint);
    return text;
}

static double get_seconds(const struct dsinfer_snapshot_info *info) {
    return info->sample_rate ? (double)info->n_samples / info->sample_rate : 0.0;
}

static void print_json(const char *path, size_t size, const struct dsinfer_snapshot_info *info) {
    json_t *object = cli_json_object();
    char text[17];

    cli_json_set(object, "file", cli_json_string(path));
    cli_json_set(object, "kind", cli_json_string("state"));
    cli_json_set(object, "format", cli_json_string("dsistate"));
    cli_json_set(object, "version", json_integer(info->version));
    cli_json_set(object, "bytes", json_integer((json_int_t)size));
    cli_json_set(object, "model", cli_json_string(name_fingerprint(info->model, text)));
    cli_json_set(object, "options", cli_json_string(name_fingerprint(info->options, text)));
    cli_json_set(object, "family", cli_json_string(dsinfer_family_name(info->family)));
    cli_json_set(object, "sample_rate", json_integer(info->sample_rate));
    cli_json_set(object, "n_cell", json_integer(info->n_cell));
    cli_json_set(object, "n_labels", json_integer(info->n_labels));
    cli_json_set(object, "steps", json_integer(info->n_steps));
    cli_json_set(object, "decoder", cli_json_string(dsinfer_decoder_kind_name(info->decoder)));
    cli_json_set(object, "beam_width", json_integer(info->beam_width));
    cli_json_set(object, "speech_gate", json_boolean(info->has_speech_gate));
    cli_json_set(object, "n_samples", json_integer((json_int_t)info->n_samples));
    cli_json_set(object, "finished", json_boolean(info->is_finished));
    cli_json_write(stdout, object, 1);
    putchar('\n');
}

static void print_text(const char *path, size_t size, const struct dsinfer_snapshot_info *info) {
    cli_print(stdout, path);
    printf(": state\n");
    printf("  format    saved state, version %" PRIu32 ", %zu B\n", info->version, size);
    printf("  model     %016" PRIx64 ": %s, %" PRIu32 " Hz, %" PRIu32 " cells, %" PRIu32
           " labels\n",
           info->model, dsinfer_family_name(info->family), info->sample_rate, info->n_cell,
           info->n_labels);
    printf("  options   %016" PRIx64 ": decoder %s, a beam of %" PRIu32 ", %" PRIu32
           " steps, %sspeech gate\n",
           info->options, dsinfer_decoder_kind_name(info->decoder), info->beam_width, info->n_steps,
           info->has_speech_gate ? "" : "no ");
    printf("  audio     %" PRIu64 " samples, %.3f s%s\n", info->n_samples, get_seconds(info),
           info->is_finished ? "; finished" : "");
}

int cli_inspect_state(const char *path, bool is_json) {
    struct dsinfer_error library_error = {DSINFER_OK, ""};
    struct dsinfer_snapshot_info info;
    enum dsinfer_status status;
    struct cli_error error;
    void *bytes;
    size_t size;

    if (!cli_state_read(path, &bytes, &size, &error)) {
        return cli_report_exit(path, &error, CLI_EXIT_MODEL);
    }
    status = dsinfer_snapshot_describe(bytes, size, &info, &library_error);
    free(bytes);
    if (status != DSINFER_OK) {
        cli_fail_library(&error, status, &library_error);
        return cli_report_exit(path, &error, CLI_EXIT_MODEL);
    }
    if (is_json) {
        print_json(path, size, &info);
    } else {
        print_text(path, size, &info);
    }
    if (!cli_writer_flush(stdout, &error)) {
        return cli_report_exit(CLI_STDOUT_NAME, &error, CLI_EXIT_RUNTIME);
    }
    return CLI_EXIT_OK;
}
