/* Values of an IR that follow from its constants alone: a Const as it lies in the .bin, or what
 * conversions (f16 or int8 to float32, minus a zero point, times a scale), transpositions and
 * splits make of one. They are views with strides: nothing is copied before it is needed.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_IR_CONST_H
#define DSI_IR_CONST_H

#include "model/ir/ir_net.h"
#include "runtime/tensor/tensor.h"

/* Most elements of a constant that is copied, and of a zero point or scale. */
#define DSI_IR_MAX_COPIED ((size_t)4 << 20)
#define DSI_IR_MAX_CHANNELS ((size_t)1 << 20)

/* A net, and what it is the body of. */
struct dsi_ir_scope {
    const struct dsi_ir_net *net;
    const struct dsi_ir_layer *owner; /* whose body it is, or NULL */
    const struct dsi_ir_scope *outer; /* of the owner */
    struct dsi_bytes weights;         /* the .bin */
    struct dsi_arena *arena;          /* for zero points and scales */
    bool *has_no_memory;              /* set when the arena could not give any */
};

struct dsi_ir_element_type;

/* For one value for all elements, or one for each index of `axis`. */
struct dsi_ir_factor {
    const float *values; /* NULL: none */
    size_t n_values;
    size_t axis; /* where n_values is not 1 */
};

struct dsi_ir_constant {
    const struct dsi_ir_element_type *type;
    bool is_float; /* its values are, whatever they are stored as */
    const uint8_t *data;
    size_t size; /* bytes of the Const, for pages to be given back */
    struct dsi_shape shape;
    size_t strides[DSI_MAX_RANK];      /* in elements */
    struct dsi_ir_factor zero, factor; /* the value is (stored - zero) * factor */
};

/* Checks type, shape, offset and size of every Const of a net and its bodies. Fails with
 * ERR_MALFORMED, and ERR_UNSUPPORTED for types that exist but not here. */
enum dsinfer_status dsi_ir_check_constants(const struct dsi_ir_net *net, struct dsi_bytes weights,
                                           struct dsinfer_error *err);

/* The constant that an output of a layer is; false where it is none. */
bool dsi_ir_find_constant(const struct dsi_ir_scope *scope, uint32_t layer, uint32_t output,
                          struct dsi_ir_constant *out);

/* The same for what is at an input of a layer. */
bool dsi_ir_find_input(const struct dsi_ir_scope *scope, const struct dsi_ir_layer *layer,
                       size_t input, struct dsi_ir_constant *out);

size_t dsi_ir_constant_count(const struct dsi_ir_constant *constant);

/* The types its values have in a graph, and in a stored matrix; false if it cannot be one. */
enum dsi_dtype dsi_ir_constant_get_dtype(const struct dsi_ir_constant *constant);
bool dsi_ir_constant_get_stored(const struct dsi_ir_constant *constant, enum dsi_stored_type *out);

/* True if its bytes, as they lie, are the tensor. */
bool dsi_ir_constant_is_plain(const struct dsi_ir_constant *constant);

/* Element `i` in C order; as integer only where it is no float. */
float dsi_ir_constant_get_float(const struct dsi_ir_constant *constant, size_t i);
int64_t dsi_ir_constant_get_int(const struct dsi_ir_constant *constant, size_t i);

/* Integers of a constant input: false where it is none or has more than `capacity`. */
bool dsi_ir_get_input_ints(const struct dsi_ir_scope *scope, const struct dsi_ir_layer *layer,
                           size_t input, size_t capacity, int64_t *values, size_t *n_values);

/* The dtype that an element type of an IR has in a graph; floats of all sizes are float32. NONE for
 * types that are not supported. */
enum dsi_dtype dsi_ir_get_dtype(const char *type);

#endif
