/* The .bin of an IR: the constants one after the other, each made a few rows at a time from where
 * the model has it, so that no copy of the weights is held.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/ir/ir_write.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <math.h>
#include <string.h>

/* Quantized weights; rows whose largest weight is smaller than this become zeros. */
#define MAX_I8 127.0f
#define SMALLEST 1e-30f

/* Rows of a transposed matrix that are made at once, and how many source rows are read for a piece
 * of them: the piece stays in the first-level cache. */
#define N_COLUMNS 64
#define N_PIECE 16

/* Floats that are copied or made smaller at once. */
#define N_FLOATS 16384

/* Where the gates f, i, c, o are among the source's i, c, f, o. */
static const size_t GATES[4] = {2, 0, 1, 3};

struct writer {
    const struct dsi_sink *sink;
    enum dsi_irw_type type; /* of the constant being written */
    float *rows;            /* owned */
    uint16_t *small;        /* owned; room for as many */
    size_t offset;          /* bytes written */
    size_t capacity;        /* floats in `rows` */
};

static size_t count(const struct dsi_shape *shape) {
    size_t n = 0;

    (void)dsi_shape_count(shape, &n); /* of a tensor in memory */
    return n;
}

static size_t get_size(const struct dsi_irw_layer *layer) {
    static const size_t sizes[] = {[DSI_IRW_F32] = 4, [DSI_IRW_F16] = 2, [DSI_IRW_I8] = 1};

    if (layer->values.source == DSI_IRW_BYTES) {
        return layer->values.bytes.size;
    }
    return count(&layer->outputs[0].shape) * sizes[layer->outputs[0].type];
}

/* Two small constants of equal bytes share their place. */
static bool find_equal(const struct dsi_irw_layers *layers, size_t n,
                       const struct dsi_irw_values *values, size_t *offset) {
    size_t i;

    for (i = 0; i < n && values->source == DSI_IRW_BYTES; i++) {
        const struct dsi_irw_values *other = &layers->items[i].values;

        if (strcmp(layers->items[i].type, "Const") == 0 && other->source == DSI_IRW_BYTES &&
            other->bytes.size == values->bytes.size &&
            memcmp(other->bytes.data, values->bytes.data, values->bytes.size) == 0) {
            *offset = other->offset;
            return true;
        }
    }
    return false;
}

static enum dsinfer_status lay_out(struct dsi_irw_layers *layers, size_t *end,
                                   struct dsinfer_error *err) {
    size_t i;

    for (i = 0; i < layers->n; i++) {
        struct dsi_irw_layer *layer = &layers->items[i];
        size_t padded;

        if (strcmp(layer->type, "Const") != 0) {
            continue;
        }
        layer->values.size = get_size(layer);
        if (find_equal(layers, i, &layer->values, &layer->values.offset)) {
            continue;
        }
        if (!dsi_add_size(*end, DSI_IRW_ALIGNMENT - 1, &padded) ||
            !dsi_add_size(padded, layer->values.size, end)) {
            return dsi_fail(err, DSINFER_ERR_LIMIT, "the constants do not fit one file");
        }
        layer->values.offset = padded / DSI_IRW_ALIGNMENT * DSI_IRW_ALIGNMENT;
        *end = layer->values.offset + layer->values.size;
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_irw_lay_out(struct dsi_irw_document *document, size_t *size,
                                    struct dsinfer_error *err) {
    enum dsinfer_status status;
    size_t end = 0;

    status = lay_out(&document->top, &end, err);
    if (status == DSINFER_OK) {
        status = lay_out(&document->body, &end, err);
    }
    if (status == DSINFER_OK) {
        *size = end;
    }
    return status;
}

/* To the nearest half, ties to even; what is too large becomes infinite. */
static uint16_t to_half(float value) {
    const uint32_t sign_bit = 0x80000000u;
    uint32_t bits;
    uint32_t rest;
    uint32_t half;
    uint32_t shift;

    memcpy(&bits, &value, sizeof(bits));
    half = bits >> 16 & 0x8000;
    bits &= ~sign_bit;
    if (bits >= 0x7f800000) { /* infinite or no number */
        return (uint16_t)(half | 0x7c00 | (bits > 0x7f800000 ? 0x200 : 0));
    }
    if (bits >= 0x477ff000) { /* rounds to more than the largest half */
        return (uint16_t)(half | 0x7c00);
    }
    if (bits < 0x38800000) { /* below the smallest normal half */
        const uint32_t exponent = bits >> 23;

        shift = exponent < 102 ? 25 : 126 - exponent;
        bits = (bits & 0x7fffff) | 0x800000;
        bits = exponent < 102 ? 0 : bits;
    } else {
        shift = 13;
        bits -= 0x38000000;
    }
    rest = bits & ((1u << shift) - 1);
    bits >>= shift;
    bits += rest > 1u << (shift - 1) || (rest == 1u << (shift - 1) && (bits & 1));
    return (uint16_t)(half | bits);
}

static enum dsinfer_status put(struct writer *w, const void *bytes, size_t size,
                               struct dsinfer_error *err) {
    if (size && w->sink->write(w->sink->user, bytes, size) != 0) {
        return dsi_fail(err, DSINFER_ERR_IO, "the .bin could not be written");
    }
    w->offset += size;
    return DSINFER_OK;
}

/* Writes the first `n` of w->rows. */
static enum dsinfer_status put_floats(struct writer *w, size_t n, struct dsinfer_error *err) {
    size_t i;

    if (w->type != DSI_IRW_F16) {
        return put(w, w->rows, n * sizeof(float), err);
    }
    for (i = 0; i < n; i++) {
        w->small[i] = to_half(w->rows[i]);
    }
    return put(w, w->small, n * sizeof(uint16_t), err);
}

/* The largest magnitude of `n` floats; false if one is infinite or no number. */
static bool find_largest(const float *values, size_t n, float *out) {
    float largest = 0.0f;
    float sum = 0.0f; /* 0 unless one is infinite or no number */
    size_t i;

    for (i = 0; i < n; i++) {
        const float magnitude = fabsf(values[i]);

        largest = magnitude > largest ? magnitude : largest;
        sum += values[i] * 0.0f;
    }
    *out = largest;
    return sum == 0.0f;
}

/* Symmetrically to -127 … 127, by the largest magnitude of the row. */
static void quantize(const float *row, size_t n, float largest, int8_t *out) {
    const float factor = largest < SMALLEST ? 0.0f : MAX_I8 / largest;
    size_t i;

    for (i = 0; i < n; i++) {
        out[i] = (int8_t)lrintf(row[i] * factor);
    }
}

/* Writes the first `n_rows` rows, `width` long, of w->rows, or their scales. */
static enum dsinfer_status put_rows(struct writer *w, const struct dsi_irw_values *values,
                                    size_t n_rows, size_t width, struct dsinfer_error *err) {
    const bool are_scales = values->source == DSI_IRW_SCALES;
    float scales[N_COLUMNS];
    size_t i;

    if (!are_scales && w->type != DSI_IRW_I8) {
        return put_floats(w, n_rows * width, err);
    }
    for (i = 0; i < n_rows; i++) {
        const float *row = w->rows + i * width;
        float largest;

        if (!find_largest(row, width, &largest)) {
            return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                            "weights that are infinite or no numbers cannot be quantized");
        }
        scales[i] = largest / MAX_I8;
        if (!are_scales) {
            quantize(row, width, largest, (int8_t *)w->small + i * width);
        }
    }
    return are_scales ? put(w, scales, n_rows * sizeof(*scales), err)
                      : put(w, w->small, n_rows * width, err);
}

/* A part of a float matrix, or of a vector as its one row; rows N_COLUMNS apart. */
static void read_part(const struct dsi_tensor *tensor, const struct dsi_rectangle *part,
                      float *out) {
    const size_t rank = tensor->shape.rank;
    const size_t width = rank ? (size_t)tensor->shape.dims[rank - 1] : 1;
    size_t r;

    if (tensor->stored) {
        dsi_stored_read(tensor->stored, part, out, N_COLUMNS);
        return;
    }
    for (r = 0; r < part->n_rows; r++) {
        memcpy(out + r * N_COLUMNS,
               tensor->bytes.data + ((part->row + r) * width + part->column) * sizeof(float),
               part->n_columns * sizeof(float));
    }
}

static enum dsinfer_status write_floats(struct writer *w, const struct dsi_irw_values *values,
                                        struct dsinfer_error *err) {
    const size_t n = count(&values->tensor.shape);
    enum dsinfer_status status = DSINFER_OK;
    size_t quarter;
    size_t i;

    for (quarter = 0; quarter < 4 && values->is_gates && status == DSINFER_OK; quarter++) {
        const struct dsi_rectangle part = {0, GATES[quarter] * (n / 4), 1, n / 4};

        read_part(&values->tensor, &part, w->rows);
        for (i = 0; i < n / 4 && quarter == 0; i++) {
            w->rows[i] += values->added;
        }
        status = put_floats(w, n / 4, err);
    }
    for (i = 0; i < n && !values->is_gates && status == DSINFER_OK; i += N_FLOATS) {
        const size_t n_now = n - i < N_FLOATS ? n - i : N_FLOATS;

        const struct dsi_rectangle part = {0, i, 1, n_now};

        read_part(&values->tensor, &part, w->rows);
        status = put_floats(w, n_now, err);
    }
    return status;
}

/* rows[k][r] = source[first_row + r][column + k] for n_columns k and all r */
static void transpose(const struct dsi_irw_values *values, size_t column, size_t n_columns,
                      float *rows) {
    float piece[N_PIECE][N_COLUMNS];
    size_t first;
    size_t r;
    size_t k;

    for (first = 0; first < values->n_rows; first += N_PIECE) {
        const size_t left = values->n_rows - first;
        const size_t n = left < N_PIECE ? left : N_PIECE;
        const struct dsi_rectangle part = {values->first_row + first, column, n, n_columns};

        read_part(&values->tensor, &part, piece[0]);
        for (k = 0; k < n_columns; k++) {
            for (r = 0; r < n; r++) {
                rows[k * values->n_rows + first + r] = piece[r][k];
            }
        }
    }
}

static enum dsinfer_status write_columns(struct writer *w, const struct dsi_irw_values *values,
                                         struct dsinfer_error *err) {
    const size_t n_parts = values->is_gates ? 4 : 1;
    const size_t width = (size_t)values->tensor.shape.dims[1] / n_parts;
    enum dsinfer_status status = DSINFER_OK;
    size_t part;
    size_t k;

    for (part = 0; part < n_parts; part++) {
        const size_t first = values->is_gates ? GATES[part] * width : 0;

        for (k = 0; k < width && status == DSINFER_OK; k += N_COLUMNS) {
            const size_t n = width - k < N_COLUMNS ? width - k : N_COLUMNS;

            transpose(values, first + k, n, w->rows);
            status = put_rows(w, values, n, values->n_rows, err);
        }
    }
    return status;
}

static enum dsinfer_status write_zeros(struct writer *w, size_t size, struct dsinfer_error *err) {
    static const uint8_t zeros[DSI_IRW_ALIGNMENT];
    enum dsinfer_status status = DSINFER_OK;

    for (; size > 0 && status == DSINFER_OK; size -= size < sizeof(zeros) ? size : sizeof(zeros)) {
        status = put(w, zeros, size < sizeof(zeros) ? size : sizeof(zeros), err);
    }
    return status;
}

static enum dsinfer_status write_layers(struct writer *w, const struct dsi_irw_layers *layers,
                                        struct dsinfer_error *err) {
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    for (i = 0; i < layers->n && status == DSINFER_OK; i++) {
        const struct dsi_irw_values *values = &layers->items[i].values;

        if (strcmp(layers->items[i].type, "Const") != 0 || values->offset < w->offset) {
            continue; /* the latter: shared and written before */
        }
        w->type = layers->items[i].outputs[0].type;
        status = write_zeros(w, values->offset - w->offset, err);
        if (status != DSINFER_OK) {
            break;
        }
        switch (values->source) {
        case DSI_IRW_BYTES:
            status = put(w, values->bytes.data, values->bytes.size, err);
            break;
        case DSI_IRW_FLOATS:
            status = write_floats(w, values, err);
            break;
        case DSI_IRW_COLUMNS:
        case DSI_IRW_SCALES:
            status = write_columns(w, values, err);
            break;
        case DSI_IRW_ZEROS:
            status = write_zeros(w, values->size, err);
            break;
        }
    }
    return status;
}

/* Floats that a slice of the constants takes at most. */
static void find_capacity(const struct dsi_irw_layers *layers, size_t *capacity) {
    size_t i;

    for (i = 0; i < layers->n; i++) {
        const struct dsi_irw_values *values = &layers->items[i].values;
        size_t n = 0;

        if (values->source == DSI_IRW_COLUMNS || values->source == DSI_IRW_SCALES) {
            n = values->n_rows * N_COLUMNS;
        } else if (values->source == DSI_IRW_FLOATS && values->is_gates) {
            n = count(&values->tensor.shape) / 4;
        }
        *capacity = n > *capacity ? n : *capacity;
    }
}

enum dsinfer_status dsi_irw_write_bin(const struct dsi_irw_document *document,
                                      const struct dsi_sink *sink, struct dsinfer_error *err) {
    struct writer w = {.sink = sink, .capacity = N_FLOATS};
    enum dsinfer_status status;

    find_capacity(&document->top, &w.capacity);
    find_capacity(&document->body, &w.capacity);
    w.rows = dsi_malloc(w.capacity * sizeof(*w.rows));
    w.small = dsi_malloc(w.capacity * sizeof(*w.small));
    if (!w.rows || !w.small) {
        status = dsi_fail_memory(err, w.capacity * sizeof(*w.rows));
    } else {
        status = write_layers(&w, &document->top, err);
    }
    if (status == DSINFER_OK) {
        status = write_layers(&w, &document->body, err);
    }
    dsi_free(w.rows);
    dsi_free(w.small);
    return status;
}
