/* Reading stored matrices: conversions of single types, and turning over tile by tile, so that both
 * sides are read and written in runs.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/tensor/stored.h"

#include <string.h>

/* A tile that is turned over: columns by rows. */
#define TILE_COLUMNS 16
#define TILE_ROWS 256

size_t dsi_stored_type_get_size(enum dsi_stored_type type) {
    switch (type) {
    case DSI_STORED_F64:
        return 8;
    case DSI_STORED_F32:
        return 4;
    case DSI_STORED_F16:
    case DSI_STORED_BF16:
        return 2;
    case DSI_STORED_I8:
    case DSI_STORED_U8:
        break;
    }
    return 1;
}

/* IEEE half precision. Moved into the place of a float's bits, a half is 2^-112 of itself,
 * subnormal ones too; the multiplication is exact. Infinities and NaN need their exponent. */
static float convert_half(uint16_t half) {
    uint32_t bits = (uint32_t)(half & 0x7fff) << 13;
    float value;

    memcpy(&value, &bits, sizeof(value));
    value *= 0x1p112f;
    memcpy(&bits, &value, sizeof(value));
    bits |= (half & 0x7c00) == 0x7c00 ? 0x7f800000u : 0;
    bits |= (uint32_t)(half & 0x8000) << 16;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

void dsi_stored_convert(enum dsi_stored_type type, const uint8_t *from, size_t n, float *out) {
    size_t i;

    switch (type) {
    case DSI_STORED_F32:
        memcpy(out, from, n * sizeof(*out));
        break;
    case DSI_STORED_F16:
        for (i = 0; i < n; i++) {
            uint16_t half;

            memcpy(&half, from + 2 * i, sizeof(half));
            out[i] = convert_half(half);
        }
        break;
    case DSI_STORED_BF16:
        for (i = 0; i < n; i++) {
            const uint32_t bits = (uint32_t)from[2 * i] << 16 | (uint32_t)from[2 * i + 1] << 24;

            memcpy(&out[i], &bits, sizeof(bits));
        }
        break;
    case DSI_STORED_F64:
        for (i = 0; i < n; i++) {
            double wide;

            memcpy(&wide, from + 8 * i, sizeof(wide));
            out[i] = (float)wide;
        }
        break;
    case DSI_STORED_I8:
        for (i = 0; i < n; i++) {
            out[i] = (float)(int8_t)from[i];
        }
        break;
    case DSI_STORED_U8:
        for (i = 0; i < n; i++) {
            out[i] = (float)from[i];
        }
        break;
    }
}

static const uint8_t *get_place(const struct dsi_stored_block *block, size_t row, size_t column) {
    const size_t index = row * block->row_stride + column * block->column_stride;

    return block->bytes.data + index * dsi_stored_type_get_size(block->type);
}

/* Applies zeros and scales to values in a row, all of one column (`step` 0) or each of its own. */
static void scale(const struct dsi_stored_block *block, size_t column, size_t step, float *values,
                  size_t n) {
    size_t i;

    for (i = 0; block->zeros && i < n; i++) {
        values[i] -= block->zeros[column + i * step];
    }
    for (i = 0; block->scales && i < n; i++) {
        values[i] *= block->scales[column + i * step];
    }
}

static void turn_tile(const struct dsi_stored_block *block, const struct dsi_rectangle *part,
                      float *out, size_t stride) {
    float tile[TILE_COLUMNS][TILE_ROWS];
    size_t i, j;

    for (j = 0; j < part->n_columns; j++) {
        dsi_stored_convert(block->type, get_place(block, part->row, part->column + j), part->n_rows,
                           tile[j]);
        scale(block, part->column + j, 0, tile[j], part->n_rows);
    }
    for (i = 0; i < part->n_rows; i++) {
        float *to = out + i * stride;

        if (part->n_columns == TILE_COLUMNS) { /* a constant count is straight code */
            for (j = 0; j < TILE_COLUMNS; j++) {
                to[j] = tile[j][i];
            }
        } else {
            for (j = 0; j < part->n_columns; j++) {
                to[j] = tile[j][i];
            }
        }
    }
}

/* Part of a block whose columns are the runs in memory. */
static void turn(const struct dsi_stored_block *block, const struct dsi_rectangle *part, float *out,
                 size_t stride) {
    size_t column, row;

    for (column = 0; column < part->n_columns; column += TILE_COLUMNS) {
        const size_t columns_left = part->n_columns - column;

        for (row = 0; row < part->n_rows; row += TILE_ROWS) {
            const size_t rows_left = part->n_rows - row;
            const struct dsi_rectangle tile = {
                .row = part->row + row,
                .column = part->column + column,
                .n_rows = rows_left < TILE_ROWS ? rows_left : TILE_ROWS,
                .n_columns = columns_left < TILE_COLUMNS ? columns_left : TILE_COLUMNS,
            };

            turn_tile(block, &tile, out + row * stride + column, stride);
        }
    }
}

/* A part of a block, its rows and columns counted in the block. */
static void read_block(const struct dsi_stored_block *block, const struct dsi_rectangle *part,
                       float *out, size_t stride) {
    size_t i;

    if (block->row_stride == 1 && block->column_stride != 1) {
        turn(block, part, out, stride);
        return;
    }
    for (i = 0; i < part->n_rows; i++) {
        dsi_stored_convert(block->type, get_place(block, part->row + i, part->column),
                           part->n_columns, out + i * stride);
        scale(block, part->column, 1, out + i * stride, part->n_columns);
    }
}

/* What two runs, each from its first to before its end, have in common. */
static size_t overlap(size_t first_a, size_t n_a, size_t first_b, size_t n_b, size_t *first) {
    const size_t end = first_a + n_a < first_b + n_b ? first_a + n_a : first_b + n_b;

    *first = first_a > first_b ? first_a : first_b;
    return *first < end ? end - *first : 0;
}

void dsi_stored_read(const struct dsi_stored_matrix *matrix, const struct dsi_rectangle *part,
                     float *out, size_t stride) {
    size_t i;

    for (i = 0; i < matrix->n_blocks; i++) {
        const struct dsi_stored_block *block = &matrix->blocks[i];
        const struct dsi_rectangle *place = &block->place;
        struct dsi_rectangle common;

        common.n_rows = overlap(part->row, part->n_rows, place->row, place->n_rows, &common.row);
        common.n_columns =
            overlap(part->column, part->n_columns, place->column, place->n_columns, &common.column);
        if (common.n_rows && common.n_columns) {
            float *to = out + (common.row - part->row) * stride + (common.column - part->column);

            common.row -= place->row;
            common.column -= place->column;
            read_block(block, &common, to, stride);
        }
    }
}
