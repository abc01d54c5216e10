/* Encodings of samples. mu-law and A-law: ITU-T G.711.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "bin/input/encoding.h"

#include <stdint.h>
#include <string.h>

static float decode_s16le(const unsigned char *bytes) {
    return (float)(int16_t)(bytes[0] | bytes[1] << 8) / 32768.0f;
}

static float decode_s16be(const unsigned char *bytes) {
    return (float)(int16_t)(bytes[1] | bytes[0] << 8) / 32768.0f;
}

static float decode_s24le(const unsigned char *bytes) {
    const uint32_t word =
        (uint32_t)bytes[0] << 8 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 24;

    return (float)((double)(int32_t)word / 2147483648.0);
}

static uint32_t get_u32le(const unsigned char *bytes) {
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static float decode_s32le(const unsigned char *bytes) {
    return (float)((double)(int32_t)get_u32le(bytes) / 2147483648.0);
}

static float decode_f32le(const unsigned char *bytes) {
    const uint32_t word = get_u32le(bytes);
    float value;

    memcpy(&value, &word, sizeof(value));
    return value;
}

static float decode_f64le(const unsigned char *bytes) {
    const uint64_t word = (uint64_t)get_u32le(bytes) | (uint64_t)get_u32le(bytes + 4) << 32;
    double value;

    memcpy(&value, &word, sizeof(value));
    /* Beyond a float's range the conversion would be undefined. */
    return value > 1e30 ? 1e30f : value < -1e30 ? -1e30f : (float)value;
}

static float decode_u8(const unsigned char *bytes) {
    return (float)(bytes[0] - 128) / 128.0f;
}

/* Both laws: sign, three bits of exponent, four of mantissa. */
static float decode_mulaw(const unsigned char *bytes) {
    const int code = ~bytes[0] & 0xff;
    const int magnitude = ((((code & 0x0f) << 3) + 132) << ((code & 0x70) >> 4)) - 132;

    return (float)(code & 0x80 ? -magnitude : magnitude) / 32768.0f;
}

static float decode_alaw(const unsigned char *bytes) {
    const int code = bytes[0] ^ 0x55;
    const int exponent = (code & 0x70) >> 4;
    int magnitude = ((code & 0x0f) << 4) + 8;

    if (exponent > 0) {
        magnitude = (magnitude + 256) << (exponent - 1);
    }
    return (float)(code & 0x80 ? magnitude : -magnitude) / 32768.0f;
}

const struct cli_encoding cli_encodings[] = {
    {"s16le", 2, decode_s16le}, {"s16be", 2, decode_s16be}, {"s24le", 3, decode_s24le},
    {"s32le", 4, decode_s32le}, {"f32le", 4, decode_f32le}, {"u8", 1, decode_u8},
    {"mulaw", 1, decode_mulaw}, {"alaw", 1, decode_alaw},   {"f64le", 8, decode_f64le},
};

const char *const cli_encoding_names[] = {
    "s16le", "s16be", "s24le", "s32le", "f32le", "u8", "mulaw", "alaw", NULL,
};

const struct cli_encoding *cli_encoding_find(const char *name) {
    size_t i;

    for (i = 0; i < sizeof(cli_encodings) / sizeof(cli_encodings[0]); i++) {
        if (strcmp(cli_encodings[i].name, name) == 0) {
            return &cli_encodings[i];
        }
    }
    return NULL;
}
