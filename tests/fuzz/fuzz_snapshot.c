/* Any bytes as a snapshot for the bundled model: refused with a sentence, or a stream that can be
 * saved again as it is, fed, and finished.
 *
 * Input: a byte for the decoder, the speech gate and the language model, then a snapshot. Where bit
 * 7 of the byte is not set, its head up to the number of samples and its checksum are put right
 * first. SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/base/cursor.h"
#include "runtime/base/hash.h"
#include "tests/fuzz/fuzz_target.h"

#include <dsinfer/dsinfer.h>

#include <string.h>

#define BEAM 16
#define HEAD_SIZE 72
#define LEAST_SIZE 88
#define SIZE_AT 12
#define MAX_SIZE 65536
#define N_SAMPLES 3000

static struct dsinfer_model *model;
static struct dsinfer_scorer *scorer;

static const char *name(char path[1024], const char *file) {
    const char *folder = getenv("DSINFER_SOURCE");

    snprintf(path, 1024, "%s/model/english/%s", folder ? folder : ".", file);
    return path;
}

static void open_once(void) {
    struct dsinfer_error error;
    char path[1024];

    if (!model &&
        (dsinfer_model_open(name(path, "output_graph.pb"), NULL, &model, &error) != DSINFER_OK ||
         dsinfer_scorer_open(name(path, "lm.binary"), NULL, &scorer, &error) != DSINFER_OK)) {
        fprintf(stderr, "%s: %s\n", path, error.message);
        abort();
    }
}

static struct dsinfer_stream_options get_options(uint8_t choice) {
    static const enum dsinfer_decoder_kind kinds[] = {
        DSINFER_DECODER_GREEDY, DSINFER_DECODER_TENSORFLOW, DSINFER_DECODER_PREFIX};
    struct dsinfer_stream_options options;

    dsinfer_stream_options_init(&options);
    options.decoder.kind = kinds[choice % 4 % 3];
    options.decoder.beam_width = BEAM;
    options.has_speech_gate = choice / 4 % 2;
    options.decoder.scorer =
        choice / 8 % 2 && options.decoder.kind != DSINFER_DECODER_GREEDY ? scorer : NULL;
    return options;
}

/* A snapshot, freed by the caller. */
static uint8_t *save(const struct dsinfer_stream *stream, size_t *size) {
    uint8_t *bytes;

    *size = dsinfer_stream_snapshot_size(stream);
    FUZZ_CHECK(*size > 0);
    bytes = malloc(*size);
    FUZZ_CHECK(bytes && dsinfer_stream_save_snapshot(stream, bytes, *size) == DSINFER_OK);
    return bytes;
}

/* Makes the head that of a stream of these options, and the checksum fit. */
static void put_right(const struct dsinfer_stream_options *options, uint8_t *bytes, size_t size) {
    struct dsinfer_stream *stream;
    uint64_t sum;
    uint8_t *fresh;
    size_t n;

    FUZZ_CHECK(dsinfer_stream_create(model, options, &stream, NULL) == DSINFER_OK);
    fresh = save(stream, &n);
    memcpy(bytes, fresh, HEAD_SIZE);
    free(fresh);
    dsinfer_stream_destroy(stream);
    dsi_store_u32(bytes + SIZE_AT, (uint32_t)size);
    dsi_store_u32(bytes + SIZE_AT + 4, 0);
    sum = dsi_hash_compute(0, bytes, size - 8);
    dsi_store_u32(bytes + size - 8, (uint32_t)sum);
    dsi_store_u32(bytes + size - 4, (uint32_t)(sum >> 32));
}

/* What was loaded is a state like any other. */
static void check_stream(const struct dsinfer_stream_options *options,
                         struct dsinfer_stream *stream) {
    static const int16_t silence[N_SAMPLES];
    struct dsinfer_transcript transcript;
    struct dsinfer_stream *again;
    size_t size, other_size;
    uint8_t *bytes = save(stream, &size);
    uint8_t *other;
    enum dsinfer_status status;

    FUZZ_CHECK(dsinfer_stream_load_snapshot(model, options, bytes, size, &again, NULL) ==
               DSINFER_OK);
    other = save(again, &other_size);
    FUZZ_CHECK(other_size == size && memcmp(bytes, other, size) == 0);
    status = dsinfer_stream_feed_s16(again, silence, N_SAMPLES);
    FUZZ_CHECK(status == DSINFER_OK || status == DSINFER_ERR_STATE || status == DSINFER_ERR_LIMIT);
    if (status == DSINFER_OK) {
        status = dsinfer_stream_finish(again, &transcript);
        FUZZ_CHECK(status == DSINFER_OK || status == DSINFER_ERR_LIMIT);
    }
    free(bytes);
    free(other);
    dsinfer_stream_destroy(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dsinfer_error error = {DSINFER_OK, ""};
    struct dsinfer_stream_options options;
    struct dsinfer_stream *stream;
    uint8_t *bytes;

    if (size < 1 || size > MAX_SIZE) {
        return 0;
    }
    open_once();
    options = get_options(data[0]);
    bytes = malloc(size);
    FUZZ_CHECK(bytes);
    memcpy(bytes, data + 1, size - 1);
    if (!(data[0] & 128) && size - 1 >= LEAST_SIZE) {
        put_right(&options, bytes, size - 1);
    }
    if (dsinfer_stream_load_snapshot(model, &options, bytes, size - 1, &stream, &error) ==
        DSINFER_OK) {
        check_stream(&options, stream);
    } else {
        FUZZ_CHECK(!stream && error.message[0] && error.status != DSINFER_ERR_ARGUMENT);
    }
    dsinfer_stream_destroy(stream);
    free(bytes);
    return 0;
}
