/* Packing into panels. Parts come row by row, so that a file is read in its order.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/kernels/vector/panels.h"

#include "runtime/kernels/int8.h"
#include "runtime/kernels/vector/int8_tile.h"

#include <stdint.h>
#include <string.h>

#define SLICE ((size_t)8) /* rows at a time: each is a page of its own in wide matrices */
#define QUADS(k) (((k) + 3) / 4)
#define PAIRS(k) (((k) + 1) / 2)

/* Writes `width` floats of row `row` into the panel of its columns, which begins at `column`. */
typedef void (*write_row_function)(const struct dsi_pack *pack, size_t row, size_t column,
                                   const unsigned char *from, size_t width);

static void pack_panels(const struct dsi_pack *pack, write_row_function write_row) {
    size_t slice, column, i;

    for (slice = 0; slice < pack->n_rows; slice += SLICE) {
        const size_t n = pack->n_rows - slice < SLICE ? pack->n_rows - slice : SLICE;

        for (column = 0; column < pack->n_columns; column += PANEL) {
            const size_t rest = pack->n_columns - column;

            for (i = slice; i < slice + n; i++) {
                write_row(pack, pack->first_row + i, pack->first_column + column,
                          (const unsigned char *)pack->rows + i * pack->row_stride +
                              column * sizeof(float),
                          rest < PANEL ? rest : PANEL);
            }
        }
    }
}

static size_t round_up(size_t n) {
    return (n + PANEL - 1) / PANEL * PANEL;
}

static size_t get_size_f32(size_t k, size_t n) {
    return round_up(n) * k * sizeof(float);
}

static void write_row_f32(const struct dsi_pack *pack, size_t row, size_t column,
                          const unsigned char *from, size_t width) {
    float *to = (float *)pack->packed + column * pack->k + row * PANEL;

    if (width == PANEL) { /* a constant size is a few instructions */
        memcpy(to, from, PANEL * sizeof(*to));
    } else {
        memcpy(to, from, width * sizeof(*to));
        memset(to + width, 0, (PANEL - width) * sizeof(*to));
    }
}

static void pack_f32(const struct dsi_pack *pack) {
    pack_panels(pack, write_row_f32);
}

static size_t get_size_bf16(size_t k, size_t n) {
    return round_up(n) * PAIRS(k) * 2 * sizeof(uint16_t);
}

/* The row's bits, zeros behind the last column. */
static void load_bits(const unsigned char *from, size_t width, uint32_t bits[PANEL]) {
    if (width == PANEL) {
        memcpy(bits, from, PANEL * sizeof(*bits));
    } else {
        memset(bits, 0, PANEL * sizeof(*bits));
        memcpy(bits, from, width * sizeof(*bits));
    }
}

static void write_row_bf16(const struct dsi_pack *pack, size_t row, size_t column,
                           const unsigned char *from, size_t width) {
    uint16_t *to =
        (uint16_t *)pack->packed + column * PAIRS(pack->k) * 2 + row / 2 * 2 * PANEL + row % 2;
    uint32_t bits[PANEL];
    size_t j;

    load_bits(from, width, bits);
    for (j = 0; j < PANEL; j++) {
        const uint32_t rounded = bits[j] + 0x7fff + (bits[j] >> 16 & 1);
        const uint32_t quiet = bits[j] | 0x400000;
        const bool is_nan = (bits[j] & 0x7fffffff) > 0x7f800000;

        to[2 * j] = (uint16_t)((is_nan ? quiet : rounded) >> 16);
    }
    for (j = 0; row % 2 == 0 && row + 1 == pack->k && j < PANEL; j++) {
        to[2 * j + 1] = 0;
    }
}

static void pack_bf16(const struct dsi_pack *pack) {
    pack_panels(pack, write_row_bf16);
}

static size_t get_size_int8(size_t k, size_t n) {
    return round_up(n) * (sizeof(float) + sizeof(int32_t) + QUADS(k) * 4);
}

/* Magnitudes are compared as integers, which have the order of floats, NaN at the end. */
static void measure_row(const struct dsi_pack *pack, size_t row, size_t column,
                        const unsigned char *from, size_t width) {
    const uint32_t infinity = 0x7f800000, nan = 0x7fc00000;
    uint32_t *max = (uint32_t *)pack->packed + column;
    uint32_t bits[PANEL];
    size_t j;

    (void)row;
    load_bits(from, width, bits);
    for (j = 0; j < PANEL; j++) {
        const uint32_t magnitude = bits[j] & 0x7fffffff;
        const uint32_t larger = magnitude > max[j] ? magnitude : max[j];

        max[j] = larger >= infinity ? nan : larger;
    }
}

static void measure_int8(const struct dsi_pack *pack) {
    pack_panels(pack, measure_row);
}

static void write_row_int8(const struct dsi_pack *pack, size_t row, size_t column,
                           const unsigned char *from, size_t width) {
    const float *max = (const float *)pack->packed + column;
    int32_t *sums = (int32_t *)pack->packed + round_up(pack->n) + column;
    uint32_t *to = (uint32_t *)pack->packed + 2 * round_up(pack->n) + column * QUADS(pack->k) +
                   row / 4 * PANEL;
    uint32_t bits[PANEL];
    float values[PANEL];
    size_t j;

    load_bits(from, width, bits);
    memcpy(values, bits, sizeof(values));
    for (j = 0; j < PANEL; j++) {
        const float inverse = dsi_int8_get_inverse_scale(max[j], DSI_INT8_LARGEST_Q);
        const int32_t q = inverse > 0.0f ? dsi_int8_round(values[j] * inverse) : 0;

        to[j] |= ((uint32_t)q & 0xff) << row % 4 * 8;
        sums[j] += q;
    }
}

static void pack_int8(const struct dsi_pack *pack) {
    pack_panels(pack, write_row_int8);
}

static size_t get_prepared_size_int8(size_t m, size_t k) {
    return m * dsi_int8_get_row_size(k);
}

void dsi_panels_init(struct dsi_kernels *kernels) {
    kernels->products[DSI_PRECISION_F32] = (struct dsi_product){
        .layout = "f32 panels of 16",
        .is_batch_exact = true,
        .get_packed_size = get_size_f32,
        .pack = pack_f32,
    };
    kernels->products[DSI_PRECISION_BF16] = (struct dsi_product){
        .layout = "bf16 panels of 16 by 2",
        .is_batch_exact = true,
        .get_packed_size = get_size_bf16,
        .pack = pack_bf16,
    };
    kernels->products[DSI_PRECISION_INT8] = (struct dsi_product){
        .layout = "int8 panels of 16 by 4",
        .is_batch_exact = true,
        .get_packed_size = get_size_int8,
        .measure = measure_int8,
        .pack = pack_int8,
        .get_prepared_size = get_prepared_size_int8,
    };
}
