/* Shapes: counting with overflow checks, printing.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/tensor/shape.h"

#include "runtime/base/alloc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

size_t dsi_dtype_get_size(enum dsi_dtype dtype) {
    switch (dtype) {
    case DSI_DTYPE_F32:
    case DSI_DTYPE_I32:
        return 4;
    case DSI_DTYPE_I64:
        return 8;
    case DSI_DTYPE_BOOL:
        return 1;
    case DSI_DTYPE_STRING:
    case DSI_DTYPE_NONE:
        break;
    }
    return 0;
}

const char *dsi_dtype_get_name(enum dsi_dtype dtype) {
    switch (dtype) {
    case DSI_DTYPE_F32:
        return "float32";
    case DSI_DTYPE_I32:
        return "int32";
    case DSI_DTYPE_I64:
        return "int64";
    case DSI_DTYPE_BOOL:
        return "bool";
    case DSI_DTYPE_STRING:
        return "string";
    case DSI_DTYPE_NONE:
        break;
    }
    return "no type";
}

struct dsi_shape dsi_shape_make(size_t rank, const int64_t *dims) {
    struct dsi_shape shape = {0};
    size_t i;

    shape.rank = rank;
    for (i = 0; i < rank && i < DSI_MAX_RANK; i++) {
        shape.dims[i] = dims[i];
    }
    return shape;
}

bool dsi_shape_is_equal(const struct dsi_shape *a, const struct dsi_shape *b) {
    return a->rank == b->rank && memcmp(a->dims, b->dims, a->rank * sizeof(a->dims[0])) == 0;
}

bool dsi_shape_is_known(const struct dsi_shape *shape) {
    size_t i;

    for (i = 0; i < shape->rank; i++) {
        if (shape->dims[i] < 0) {
            return false;
        }
    }
    return true;
}

bool dsi_shape_count(const struct dsi_shape *shape, size_t *out) {
    size_t count = 1;
    size_t i;

    if (!dsi_shape_is_known(shape)) {
        return false;
    }
    for (i = 0; i < shape->rank; i++) {
        if ((uint64_t)shape->dims[i] > SIZE_MAX ||
            !dsi_mul_size(count, (size_t)shape->dims[i], &count)) {
            return false;
        }
    }
    *out = count;
    return true;
}

bool dsi_shape_get_size(const struct dsi_shape *shape, enum dsi_dtype dtype, size_t *out) {
    const size_t element_size = dsi_dtype_get_size(dtype);
    size_t count;

    return element_size && dsi_shape_count(shape, &count) && dsi_mul_size(count, element_size, out);
}

const char *dsi_shape_print(const struct dsi_shape *shape, char text[DSI_SHAPE_TEXT_SIZE]) {
    size_t n = 0;
    size_t i;

    text[n++] = '[';
    for (i = 0; i < shape->rank && i < DSI_MAX_RANK; i++) {
        const char *comma = i ? "," : "";
        int length;

        if (shape->dims[i] < 0) {
            length = snprintf(text + n, DSI_SHAPE_TEXT_SIZE - n, "%s?", comma);
        } else {
            length =
                snprintf(text + n, DSI_SHAPE_TEXT_SIZE - n, "%s%" PRId64, comma, shape->dims[i]);
        }
        n += (size_t)length;
    }
    text[n++] = ']';
    text[n] = '\0';
    return text;
}
