/* dsinfer decode: the decoder alone, on stored outputs of a network.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/commands.h"
#include "bin/decoder_settings.h"
#include "bin/errors.h"
#include "bin/npy.h"
#include "bin/output/output.h"
#include "bin/settings.h"

#include <string.h>

#define CHUNK_FRAMES 1024

struct own {
    int family; /* enum dsinfer_family - 1; negative: the default */
    bool is_probability, is_bytes;
    const char *alphabet;
};

struct settings {
    struct own own;
    struct cli_decoder_settings decoder;
    struct cli_output_settings output;
};

static const struct cli_option own_options[] = {
    {"family", 0, CLI_CHOICE, NULL, offsetof(struct own, family),
     "decoder of which releases (default ds03, with --probabilities ds07)", 0, 0, cli_family_names},
    {"probabilities", 0, CLI_FLAG, NULL, offsetof(struct own, is_probability),
     "the files hold probabilities, not logits", 0, 0, NULL},
    {"alphabet", 0, CLI_TEXT, "FILE", offsetof(struct own, alphabet),
     "labels of the columns, the blank being the last (default: English)", 0, 0, NULL},
    {"bytes-output", 0, CLI_FLAG, NULL, offsetof(struct own, is_bytes),
     "the columns are the bytes 1 to 255 and the blank, there is no alphabet", 0, 0, NULL},
};

static int create_decoder(struct settings *settings, struct dsinfer_decoder **decoder) {
    const char *alphabet = settings->own.alphabet;
    struct dsinfer_error library_error = {DSINFER_OK, ""};
    struct dsinfer_decoder_options options;
    struct dsinfer_decoder_input input;
    enum dsinfer_status status;
    int exit_code;

    dsinfer_decoder_input_init(&input);
    input.alphabet_path = alphabet;
    input.is_bytes = settings->own.is_bytes;
    input.is_probability = settings->own.is_probability;
    if (settings->own.family >= 0) {
        input.family = (enum dsinfer_family)(DSINFER_FAMILY_DS01 + settings->own.family);
    } else if (settings->own.is_probability) {
        input.family = DSINFER_FAMILY_DS07;
    }
    exit_code = cli_decoder_open_alone(&settings->decoder, &input, &options);
    if (exit_code != CLI_EXIT_OK) {
        return exit_code;
    }
    status = dsinfer_decoder_create(&input, &options, decoder, &library_error);
    if (status == DSINFER_OK) {
        return CLI_EXIT_OK;
    }
    return cli_decoder_report(&settings->decoder, alphabet ? alphabet : "decode", status,
                              &library_error);
}

static bool check_array(const struct cli_npy *array, size_t n_labels, struct cli_error *error) {
    char shape[160];

    if (array->element != DSINFER_ELEMENT_F32) {
        return cli_fail(error, CLI_UNSUPPORTED, "the elements are no float32 ('<f4')");
    }
    if (array->rank != 2 || array->dims[1] != n_labels) {
        return cli_fail(error, CLI_UNSUPPORTED,
                        "the shape is %s; the alphabet needs [frames, %zu]: its labels and a blank",
                        cli_npy_describe_shape(array->dims, array->rank, shape, sizeof(shape)),
                        n_labels);
    }
    return true;
}

static bool decode(struct dsinfer_decoder *decoder, const struct cli_npy *array,
                   struct dsinfer_transcript *transcript, struct cli_error *error) {
    enum dsinfer_status status = DSINFER_OK;
    size_t frame;

    for (frame = 0; frame < array->dims[0] && status == DSINFER_OK; frame += CHUNK_FRAMES) {
        const size_t left = array->dims[0] - frame;

        status = dsinfer_decoder_feed(decoder, (const float *)array->data + frame * array->dims[1],
                                      left < CHUNK_FRAMES ? left : CHUNK_FRAMES);
    }
    if (status == DSINFER_OK) {
        status = dsinfer_decoder_get_transcript(decoder, transcript);
    }
    if (status != DSINFER_OK) {
        cli_fail_library(error, status, NULL);
        error->is_runtime = true;
    }
    return status == DSINFER_OK;
}

/* Decodes one file; *exit_code is set when it fails. False: nothing more can be written. */
static bool decode_one(struct dsinfer_decoder *decoder, const char *path, struct cli_output *output,
                       int *exit_code) {
    struct dsinfer_transcript transcript;
    struct cli_npy array = {0};
    struct cli_error error;
    bool is_written = true;

    *exit_code = CLI_EXIT_OK;
    if (cli_npy_read(path, &array, &error) &&
        check_array(&array, dsinfer_decoder_get_n_labels(decoder), &error) &&
        decode(decoder, &array, &transcript, &error)) {
        is_written = cli_output_result(output, path, &transcript);
    } else {
        *exit_code = cli_report_exit(path, &error, CLI_EXIT_AUDIO);
    }
    cli_npy_finish(&array);
    dsinfer_decoder_reset(decoder);
    return is_written;
}

static int decode_all(const struct settings *settings, struct dsinfer_decoder *decoder,
                      const struct cli_words *words) {
    struct cli_output output;
    bool is_written = true;
    int failure = CLI_EXIT_OK;
    size_t i;

    if (!cli_output_open(&output, &settings->output, words->n)) {
        return CLI_EXIT_RUNTIME;
    }
    for (i = 0; i < words->n && is_written; i++) {
        int exit_code;

        is_written = decode_one(decoder, words->items[i], &output, &exit_code);
        failure = exit_code == CLI_EXIT_OK ? failure : exit_code;
    }
    if (!cli_output_close(&output, is_written)) {
        return CLI_EXIT_RUNTIME;
    }
    return failure != CLI_EXIT_OK && words->n > 1 ? CLI_EXIT_SOME : failure;
}

static int check(struct settings *settings, const struct cli_words *words) {
    size_t i;

    if (words->n == 0) {
        return cli_usage("decode", "no input: name arrays [frames, labels], FILE.npy");
    }
    for (i = 0; i < words->n && settings->output.path; i++) {
        if (cli_is_same_file(words->items[i], settings->output.path)) {
            return cli_usage(settings->output.path, "is an input, too: it would be overwritten");
        }
    }
    if (settings->own.alphabet && settings->own.is_bytes) {
        return cli_usage("--bytes-output", "needs no --alphabet");
    }
    return cli_decoder_check(&settings->decoder);
}

static int run(int argc, char **argv) {
    struct settings settings;
    struct cli_group groups[] = {
        {"Input", own_options, CLI_N(own_options), &settings.own},
        cli_decoder_options(&settings.decoder),
        cli_decoder_scorer_options(&settings.decoder),
        cli_output_options(&settings.output),
    };
    struct dsinfer_decoder *decoder = NULL;
    struct cli_words words = {0};
    int exit_code;

    memset(&settings.own, 0, sizeof(settings.own));
    settings.own.family = -1;
    exit_code = cli_parse(&cli_decode, groups, CLI_N(groups), argc, argv, &words);
    if (exit_code == CLI_PARSED) {
        exit_code = check(&settings, &words);
    }
    if (exit_code == CLI_PARSED) {
        exit_code = create_decoder(&settings, &decoder);
        if (exit_code == CLI_EXIT_OK) {
            exit_code = decode_all(&settings, decoder, &words);
        }
    }
    dsinfer_decoder_destroy(decoder);
    cli_decoder_settings_finish(&settings.decoder);
    cli_words_finish(&words);
    return exit_code;
}

const struct cli_command cli_decode = {
    "decode",
    "FILE.npy...",
    "the text in stored outputs of a network",
    "Finds the text in what a network said of each frame: arrays [frames, labels] of float32, "
    "logits or probabilities.",
    "  dsinfer decode logits.npy\n"
    "  dsinfer decode --probabilities --scorer words.scorer probabilities.npy\n"
    "  dsinfer decode --beam-width 100 --candidates 3 --format json logits.npy\n",
    run,
};
