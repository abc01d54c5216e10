/* Snapshots: a stream as bytes, little-endian throughout.
 *
 *     at   0  8 bytes  "dsistate"
 *          8  u32      version, 1
 *         12  u64      size of all
 *         20  u64      fingerprint of the model: weights, front end
 *         28  u64      fingerprint of options, alphabet and scorer
 *         36  9 u32    family, sample rate, n_cell, n_labels, n_steps, decoder, beam width,
 *                      1 where there is a speech gate, 1 where the stream was finished
 *         72  u64      samples taken
 *         80           samples that wait (frontend/features.c), frames (frontend/windows.c),
 *                      windows (utterance.c), h and c (lstm_state.c), the gate (gate.c), the
 *                      search (decode/…)
 *     size - 8  u64    checksum: the hash of all before (runtime/base/hash.h)
 *
 * From 80 on numbers are protobuf's varints, floats IEEE 754. Each unit writes and reads its own
 * part, and writes nothing that it can work out again: what the dictionary and the language model
 * say of a prefix, say, follows from its labels, so no file can claim anything else.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "state/stream/snapshot.h"

#include "runtime/base/hash.h"

#include <inttypes.h>
#include <string.h>

#define MAGIC "dsistate"
#define MAGIC_SIZE 8
#define HEAD_SIZE 80
#define SUM_SIZE 8
#define SIZE_AT 12

enum dsinfer_status dsi_snapshot_write(const struct dsi_utterance *utterance,
                                       const struct dsinfer_snapshot_info *info,
                                       struct dsi_writer *writer) {
    enum dsinfer_status status;

    dsi_writer_put_bytes(writer, MAGIC, MAGIC_SIZE);
    dsi_writer_put_u32(writer, info->version);
    dsi_writer_put_u64(writer, writer->capacity);
    dsi_writer_put_u64(writer, info->model);
    dsi_writer_put_u64(writer, info->options);
    dsi_writer_put_u32(writer, (uint32_t)info->family);
    dsi_writer_put_u32(writer, info->sample_rate);
    dsi_writer_put_u32(writer, info->n_cell);
    dsi_writer_put_u32(writer, info->n_labels);
    dsi_writer_put_u32(writer, info->n_steps);
    dsi_writer_put_u32(writer, (uint32_t)info->decoder);
    dsi_writer_put_u32(writer, info->beam_width);
    dsi_writer_put_u32(writer, (uint32_t)info->has_speech_gate);
    dsi_writer_put_u32(writer, (uint32_t)info->is_finished);
    dsi_writer_put_u64(writer, info->n_samples);
    status = dsi_utterance_write(utterance, writer);
    if (status == DSINFER_OK) {
        dsi_writer_put_u64(writer, dsi_writer_has_all(writer)
                                       ? dsi_hash_compute(0, writer->data, writer->size)
                                       : 0);
    }
    return status;
}

int dsinfer_snapshot_probe(const void *buffer, size_t size) {
    return buffer && size >= MAGIC_SIZE && memcmp(buffer, MAGIC, MAGIC_SIZE) == 0;
}

/* Magic, version, size and checksum. */
static enum dsinfer_status check_frame(struct dsi_bytes bytes, struct dsinfer_error *err) {
    uint32_t version;
    uint64_t size;

    if (!dsinfer_snapshot_probe(bytes.data, bytes.size)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "it is no saved state: it does not begin with '%s'", MAGIC);
    }
    if (bytes.size < HEAD_SIZE + SUM_SIZE) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the state has %zu bytes, and at least %d are needed", bytes.size,
                        HEAD_SIZE + SUM_SIZE);
    }
    version = dsi_load_u32(bytes.data + MAGIC_SIZE);
    if (version != DSI_SNAPSHOT_VERSION) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "the state is of version %" PRIu32 ", but %d is needed", version,
                        DSI_SNAPSHOT_VERSION);
    }
    size = dsi_load_u64(bytes.data + SIZE_AT);
    if (size != bytes.size) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the state has %zu bytes, but its head says %" PRIu64, bytes.size, size);
    }
    if (dsi_hash_compute(0, bytes.data, bytes.size - SUM_SIZE) !=
        dsi_load_u64(bytes.data + bytes.size - SUM_SIZE)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the checksum of the state at byte %zu does not fit: it is damaged",
                        bytes.size - SUM_SIZE);
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_snapshot_open(struct dsi_reader *reader, struct dsi_bytes bytes,
                                      struct dsinfer_snapshot_info *info,
                                      struct dsinfer_error *err) {
    const enum dsinfer_status status = check_frame(bytes, err);
    uint32_t family, decoder, has_gate, is_finished;

    if (status != DSINFER_OK) {
        return status;
    }
    dsi_reader_init(reader, (struct dsi_bytes){bytes.data, bytes.size - SUM_SIZE}, err);
    reader->cursor.position = MAGIC_SIZE;
    info->version = dsi_reader_take_u32(reader, "the version");
    (void)dsi_reader_take_u64(reader, "the size");
    info->model = dsi_reader_take_u64(reader, "the model");
    info->options = dsi_reader_take_u64(reader, "the options");
    family = dsi_reader_take_u32(reader, "the family");
    info->sample_rate = dsi_reader_take_u32(reader, "the sample rate");
    info->n_cell = dsi_reader_take_u32(reader, "the number of cells");
    info->n_labels = dsi_reader_take_u32(reader, "the number of labels");
    info->n_steps = dsi_reader_take_u32(reader, "the number of steps");
    decoder = dsi_reader_take_u32(reader, "the decoder");
    info->beam_width = dsi_reader_take_u32(reader, "the beam width");
    has_gate = dsi_reader_take_u32(reader, "whether it has a speech gate");
    is_finished = dsi_reader_take_u32(reader, "whether it was finished");
    info->n_samples = dsi_reader_take_u64(reader, "the number of samples");
    if (family > DSINFER_FAMILY_DS07 || decoder < DSINFER_DECODER_GREEDY ||
        decoder > DSINFER_DECODER_PREFIX || has_gate > 1 || is_finished > 1) {
        return dsi_reader_fail(reader,
                               "the head has family %" PRIu32 ", decoder %" PRIu32
                               " and the marks %" PRIu32 " and %" PRIu32 ", which do not exist",
                               family, decoder, has_gate, is_finished);
    }
    info->family = (enum dsinfer_family)family;
    info->decoder = (enum dsinfer_decoder_kind)decoder;
    info->has_speech_gate = (int)has_gate;
    info->is_finished = (int)is_finished;
    return reader->status;
}

static const char *name_gate(const struct dsinfer_snapshot_info *info) {
    return info->has_speech_gate ? "speech gate" : "no speech gate";
}

enum dsinfer_status dsi_snapshot_check(const struct dsinfer_snapshot_info *saved,
                                       const struct dsinfer_snapshot_info *own, bool is_whole,
                                       struct dsinfer_error *err) {
    if (is_whole) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "a model that takes recordings whole has no state to go on from");
    }
    if (saved->model != own->model) {
        return dsi_fail(
            err, DSINFER_ERR_MISMATCH,
            "the state is of the model %016" PRIx64 " (%s, %" PRIu32 " cells, %" PRIu32
            " labels), but this is %016" PRIx64 " (%s, %" PRIu32 " cells, %" PRIu32 " labels)",
            saved->model, dsinfer_family_name(saved->family), saved->n_cell, saved->n_labels,
            own->model, dsinfer_family_name(own->family), own->n_cell, own->n_labels);
    }
    if (saved->options != own->options) {
        return dsi_fail(err, DSINFER_ERR_MISMATCH,
                        "the state was saved with the options %016" PRIx64 " (%s, beam %" PRIu32
                        ", %s), but here they are %016" PRIx64 " (%s, beam %" PRIu32
                        ", %s): scorer, alphabet, precision and options must be the "
                        "same",
                        saved->options, dsinfer_decoder_kind_name(saved->decoder),
                        saved->beam_width, name_gate(saved), own->options,
                        dsinfer_decoder_kind_name(own->decoder), own->beam_width, name_gate(own));
    }
    if (saved->n_steps != own->n_steps) {
        return dsi_fail(err, DSINFER_ERR_MISMATCH,
                        "the state was saved with %" PRIu32
                        " steps given to the network at once, but here they are %" PRIu32,
                        saved->n_steps, own->n_steps);
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_snapshot_read(struct dsi_reader *reader, struct dsi_utterance *utterance) {
    dsi_utterance_read(utterance, reader);
    if (reader->status == DSINFER_OK && !dsi_cursor_is_at_end(&reader->cursor)) {
        dsi_reader_fail(reader, "%zu bytes too many follow the search",
                        dsi_cursor_get_rest(&reader->cursor));
    }
    return reader->status;
}

enum dsinfer_status dsinfer_snapshot_describe(const void *buffer, size_t size,
                                              struct dsinfer_snapshot_info *info,
                                              struct dsinfer_error *error) {
    struct dsinfer_snapshot_info read;
    struct dsi_reader reader;
    enum dsinfer_status status;

    if (!buffer || !info) {
        return dsi_fail(error, DSINFER_ERR_ARGUMENT, "a pointer is NULL");
    }
    status = dsi_snapshot_open(&reader, (struct dsi_bytes){buffer, size}, &read, error);
    if (status == DSINFER_OK) {
        *info = read;
    }
    return status;
}
