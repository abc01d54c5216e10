/* WAV files and WAV in a pipe, decoded while it arrives: integers of 8 to 32 bits, floats, mu-law
 * and A-law. Other encodings in a WAV file are left to libsndfile.
 *
 *     "RIFF" size "WAVE"  { id[4] size[4] content, padded to an even size } ...
 *     "fmt ": format tag [2], channels [2], rate [4], bytes/s [4], bytes a frame [2], bits [2],
 *             for tag 0xfffe: [2] [2] [4] and a GUID that begins with the real tag
 *     "data": the samples, to the end of the file where the size is 0 or as large as writers make
 *             it that do not know it (2^31-1, 2^32-1, somewhat less by sox and arecord)
 *
 * All numbers are little-endian. A file that ends too early is read as far as it goes.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/input/frames.h"

#include <inttypes.h>
#include <string.h>

#define UNKNOWN_SIZE 0x7ffff000u /* this and more: until the end */
#define MAX_CHUNKS 1000          /* before the samples */
#define FMT_SIZE 40

enum tag { TAG_PCM = 1, TAG_FLOAT = 3, TAG_ALAW = 6, TAG_MULAW = 7, TAG_EXTENSIBLE = 0xfffe };

static uint32_t get_u16(const unsigned char *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static uint32_t get_u32(const unsigned char *at) {
    return get_u16(at) | get_u16(at + 2) << 16;
}

static const char *encoding_name(uint32_t tag, uint32_t sample_size) {
    static const char *const pcm[] = {"", "u8", "s16le", "s24le", "s32le"};

    switch (tag) {
    case TAG_PCM:
        return sample_size <= 4 ? pcm[sample_size] : "";
    case TAG_FLOAT:
        return sample_size == 4 ? "f32le" : sample_size == 8 ? "f64le" : "";
    case TAG_ALAW:
        return sample_size == 1 ? "alaw" : "";
    case TAG_MULAW:
        return sample_size == 1 ? "mulaw" : "";
    default:
        return "";
    }
}

/* Understands the content of "fmt "; *encoding is NULL for one that is not read here. */
static bool read_format(const unsigned char *fmt, size_t size, struct cli_source *source,
                        const struct cli_encoding **encoding, struct cli_error *error) {
    uint32_t tag, frame_size;

    if (size < 16) {
        return cli_fail(error, CLI_AUDIO, "the WAV header is cut in its 'fmt ' chunk");
    }
    tag = get_u16(fmt);
    source->n_channels = get_u16(fmt + 2);
    source->rate = get_u32(fmt + 4);
    frame_size = get_u16(fmt + 12);
    if (tag == TAG_EXTENSIBLE && size >= 26) {
        tag = get_u16(fmt + 24);
    }
    if (source->n_channels < 1 || source->n_channels > CLI_MAX_CHANNELS) {
        return cli_fail(error, CLI_AUDIO,
                        "the WAV header has %" PRIu32 " channels; 1 to %d are "
                        "possible",
                        source->n_channels, CLI_MAX_CHANNELS);
    }
    *encoding = NULL;
    if (frame_size % source->n_channels == 0) {
        *encoding = cli_encoding_find(encoding_name(tag, frame_size / source->n_channels));
    }
    return true;
}

static bool skip(struct cli_bytes *bytes, uint64_t size, struct cli_error *error) {
    unsigned char waste[4096];

    while (size) {
        size_t n;

        if (!cli_bytes_read(bytes, waste, size < sizeof(waste) ? (size_t)size : sizeof(waste), &n,
                            error)) {
            return false;
        }
        if (n == 0) {
            return cli_fail(error, CLI_AUDIO, "the WAV header ends before the samples");
        }
        size -= n;
    }
    return true;
}

/* Goes through the chunks to the samples. *encoding stays NULL for what is not read here. */
static bool find_samples(struct cli_bytes *bytes, struct cli_source *source,
                         const struct cli_encoding **encoding, uint64_t *data_size,
                         struct cli_error *error) {
    bool has_format = false;
    int i;

    for (i = 0; i < MAX_CHUNKS; i++) {
        unsigned char head[8], fmt[FMT_SIZE];
        uint64_t size;
        size_t n, taken = 0;

        if (!cli_bytes_read_all(bytes, head, sizeof(head), &n, error)) {
            return false;
        }
        if (n < sizeof(head)) {
            return cli_fail(error, CLI_AUDIO, "the WAV header ends before the samples");
        }
        size = get_u32(head + 4);
        if (memcmp(head, "data", 4) == 0) {
            *data_size = size == 0 || size >= UNKNOWN_SIZE ? UINT64_MAX : size;
            return has_format || cli_fail(error, CLI_AUDIO,
                                          "the WAV header has no 'fmt ' chunk before the samples");
        }
        if (memcmp(head, "fmt ", 4) == 0) {
            if (!cli_bytes_read_all(bytes, fmt, size < FMT_SIZE ? (size_t)size : FMT_SIZE, &taken,
                                    error) ||
                !read_format(fmt, taken, source, encoding, error)) {
                return false;
            }
            has_format = true;
        }
        if (!skip(bytes, size + (size & 1) - taken, error)) {
            return false;
        }
    }
    return cli_fail(error, CLI_AUDIO, "the WAV header has more than %d chunks", MAX_CHUNKS);
}

/* A plain file of another kind is libsndfile's; a pipe can be read only once. */
static enum cli_opened leave(struct cli_bytes *bytes, struct cli_error *error, const char *what) {
    if (bytes->is_plain) {
        cli_bytes_close(bytes);
        return CLI_NOT_MINE;
    }
    cli_fail(error, CLI_AUDIO, "%s; other audio is read from files, not from a pipe", what);
    cli_bytes_close(bytes);
    return CLI_OPEN_FAILED;
}

static enum cli_opened open_wav(const char *name, const struct cli_raw *raw,
                                struct cli_source *source, struct cli_error *error) {
    const struct cli_encoding *encoding = NULL;
    struct cli_bytes bytes;
    unsigned char head[12];
    uint64_t size = 0;
    size_t n;

    (void)raw;
    if (!cli_bytes_open(&bytes, name, error)) {
        return CLI_OPEN_FAILED;
    }
    if (!cli_bytes_read_all(&bytes, head, sizeof(head), &n, error)) {
        goto failed;
    }
    if (n < sizeof(head) || memcmp(head, "RIFF", 4) != 0 || memcmp(head + 8, "WAVE", 4) != 0) {
        return leave(&bytes, error,
                     n ? "this is no WAV" : "nothing arrived, not even a WAV header");
    }
    if (!find_samples(&bytes, source, &encoding, &size, error)) {
        goto failed;
    }
    if (!encoding) {
        return leave(&bytes, error, "an encoding of WAV that a pipe cannot carry");
    }
    cli_frames_open(&bytes, encoding, size, source);
    return CLI_OPENED;

failed:
    cli_bytes_close(&bytes);
    return CLI_OPEN_FAILED;
}

const struct cli_input cli_input_wav = {"WAV", open_wav, cli_frames_read, cli_frames_close};
