/* Nodes, names and constants of the graph of an IR.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/ir/ir_build.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <stdio.h>
#include <string.h>

/* Constants of more elements are not copied if they can be used as they are stored. */
#define MAX_SMALL ((size_t)4096)

enum dsinfer_status dsi_ir_take(struct dsi_ir_builder *builder, size_t count, size_t size,
                                void **out) {
    struct dsi_arena *arena = &builder->graph->arena;
    size_t wanted;

    *out = dsi_arena_alloc(arena, count, size);
    if (*out) {
        return DSINFER_OK;
    }
    if (!dsi_mul_size(count, size, &wanted) || wanted > arena->limit - arena->used) {
        return dsi_fail(builder->err, DSINFER_ERR_LIMIT,
                        "names and small constants need more than %zu bytes", arena->limit);
    }
    return dsi_fail_memory(builder->err, wanted);
}

size_t dsi_ir_get_rank(const struct dsi_ir_layer *layer, size_t input) {
    return input < layer->n_inputs ? layer->inputs[input].shape.rank : 0;
}

enum dsinfer_status dsi_ir_fail_unsupported(struct dsi_ir_builder *builder,
                                            const struct dsi_ir_layer *layer, const char *what) {
    return dsi_fail(builder->err, DSINFER_ERR_UNSUPPORTED, "layer '%s' (%s) %s", layer->name,
                    layer->type, what);
}

static size_t hash(const char *text, size_t length) {
    size_t value = 5381;
    size_t i;

    for (i = 0; i < length; i++) {
        value = value * 33 + (unsigned char)text[i];
    }
    return value;
}

/* Place of a name, or of the gap where it belongs. */
static size_t find_name(const struct dsi_ir_builder *builder, const char *name, size_t length) {
    size_t at = hash(name, length) & (builder->names_capacity - 1);

    while (builder->names[at] &&
           (strncmp(builder->names[at], name, length) != 0 || builder->names[at][length])) {
        at = (at + 1) & (builder->names_capacity - 1);
    }
    return at;
}

static enum dsinfer_status reserve_name(struct dsi_ir_builder *builder) {
    const size_t old_capacity = builder->names_capacity;
    const char **old = builder->names;
    size_t i;

    if (4 * builder->n_names < 3 * old_capacity) {
        return DSINFER_OK;
    }
    builder->names_capacity = old_capacity ? 2 * old_capacity : 256;
    builder->names = dsi_calloc(builder->names_capacity, sizeof(*builder->names));
    if (!builder->names) {
        builder->names = old;
        builder->names_capacity = old_capacity;
        return dsi_fail_memory(builder->err, 2 * old_capacity * sizeof(*old));
    }
    for (i = 0; i < old_capacity; i++) {
        if (old[i]) {
            builder->names[find_name(builder, old[i], strlen(old[i]))] = old[i];
        }
    }
    dsi_free(old);
    return DSINFER_OK;
}

static bool has_name(const struct dsi_ir_builder *builder, const char *name, size_t length) {
    return builder->names_capacity && builder->names[find_name(builder, name, length)];
}

/* Keeps the views of as many nodes as the graph has room for. */
static enum dsinfer_status reserve_views(struct dsi_ir_builder *builder) {
    const size_t capacity = builder->graph->capacity;
    struct dsi_ir_view *views;

    if (builder->views_capacity >= capacity) {
        return DSINFER_OK;
    }
    views = dsi_realloc(builder->views, capacity * sizeof(*views));
    if (!views) {
        return dsi_fail_memory(builder->err, capacity * sizeof(*views));
    }
    builder->views = views;
    builder->views_capacity = capacity;
    return DSINFER_OK;
}

static enum dsinfer_status add_named(struct dsi_ir_builder *builder, const char *name,
                                     const char *op, const struct dsi_port *inputs, size_t n_inputs,
                                     struct dsi_port *out) {
    struct dsi_graph *graph = builder->graph;
    enum dsinfer_status status = reserve_name(builder);
    uint32_t node;

    if (status == DSINFER_OK) {
        status = dsi_graph_add_node(graph, name, op, n_inputs, &node, builder->err);
    }
    if (status == DSINFER_OK) {
        status = reserve_views(builder);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    if (n_inputs) {
        memcpy(graph->nodes[node].inputs, inputs, n_inputs * sizeof(*inputs));
    }
    builder->views[node].base.node = DSI_IR_NONE;
    builder->names[find_name(builder, name, strlen(name))] = graph->nodes[node].name;
    builder->n_names++;
    *out = (struct dsi_port){node, 0};
    return DSINFER_OK;
}

enum dsinfer_status dsi_ir_add_node(struct dsi_ir_builder *builder, const char *name,
                                    const char *op, const struct dsi_port *inputs, size_t n_inputs,
                                    struct dsi_port *out) {
    const size_t size = strlen(name) + 12;
    enum dsinfer_status status;
    unsigned long i = 0;
    char *other;

    if (*name && !has_name(builder, name, strlen(name))) {
        return add_named(builder, name, op, inputs, n_inputs, out);
    }
    other = dsi_malloc(size);
    if (!other) {
        return dsi_fail_memory(builder->err, size);
    }
    do {
        snprintf(other, size, "%s/%lu", name, ++i);
    } while (has_name(builder, other, strlen(other)));
    status = add_named(builder, other, op, inputs, n_inputs, out);
    dsi_free(other);
    return status;
}

enum dsinfer_status dsi_ir_set_attrs(struct dsi_ir_builder *builder, struct dsi_port port,
                                     const struct dsi_attr *attrs, size_t n_attrs) {
    return dsi_graph_set_attrs(builder->graph, port.node, attrs, n_attrs, builder->err);
}

enum dsinfer_status dsi_ir_add_alias(struct dsi_ir_builder *builder, const char *name,
                                     size_t length, struct dsi_port port) {
    enum dsinfer_status status;
    struct dsi_port alias;
    char *copy;

    if (length > 2 && memcmp(name + length - 2, ":0", 2) == 0) {
        length -= 2;
    }
    if (length == 0 || has_name(builder, name, length)) {
        return DSINFER_OK;
    }
    copy = dsi_malloc(length + 1);
    if (!copy) {
        return dsi_fail_memory(builder->err, length + 1);
    }
    memcpy(copy, name, length);
    copy[length] = '\0';
    status = add_named(builder, copy, "Identity", &port, 1, &alias);
    dsi_free(copy);
    return status;
}

static enum dsinfer_status add_value(struct dsi_ir_builder *builder, const char *name,
                                     const struct dsi_tensor *value, struct dsi_port *out) {
    enum dsinfer_status status = dsi_ir_add_node(builder, name, "Const", NULL, 0, out);

    if (status == DSINFER_OK) {
        builder->graph->nodes[out->node].value = *value;
    }
    return status;
}

enum dsinfer_status dsi_ir_add_ints(struct dsi_ir_builder *builder, const char *name,
                                    const int64_t *values, size_t n_values, bool is_scalar,
                                    struct dsi_port *out) {
    struct dsi_tensor value = {.dtype = DSI_DTYPE_I64, .shape = {.rank = is_scalar ? 0 : 1}};
    enum dsinfer_status status;
    void *copy;

    status = dsi_ir_take(builder, n_values, sizeof(*values), &copy);
    if (status != DSINFER_OK) {
        return status;
    }
    memcpy(copy, values, n_values * sizeof(*values));
    value.shape.dims[0] = (int64_t)n_values;
    value.bytes = (struct dsi_bytes){copy, n_values * sizeof(*values)};
    return add_value(builder, name, &value, out);
}

enum dsinfer_status dsi_ir_add_floats(struct dsi_ir_builder *builder, const char *name,
                                      const struct dsi_shape *shape, const float *values,
                                      struct dsi_port *out) {
    struct dsi_tensor value = {.dtype = DSI_DTYPE_F32, .shape = *shape};
    enum dsinfer_status status;
    size_t n = 0;
    void *copy;

    (void)dsi_shape_count(shape, &n);
    status = dsi_ir_take(builder, n, sizeof(*values), &copy);
    if (status != DSINFER_OK) {
        return status;
    }
    if (n) {
        memcpy(copy, values, n * sizeof(*values));
    }
    value.bytes = (struct dsi_bytes){copy, n * sizeof(*values)};
    return add_value(builder, name, &value, out);
}

/* Copies the elements in the type they have in a graph. */
static enum dsinfer_status add_copied(struct dsi_ir_builder *builder, const char *name,
                                      const struct dsi_ir_constant *constant,
                                      const struct dsi_shape *shape, struct dsi_port *out) {
    struct dsi_tensor value = {.dtype = dsi_ir_constant_get_dtype(constant), .shape = *shape};
    const size_t n = dsi_ir_constant_count(constant);
    enum dsinfer_status status;
    void *copy;
    size_t i;

    if (n > DSI_IR_MAX_COPIED) {
        return dsi_fail(builder->err, DSINFER_ERR_UNSUPPORTED,
                        "constant '%s' of %zu elements is stored in a way that is supported only "
                        "up to %zu",
                        name, n, DSI_IR_MAX_COPIED);
    }
    value.bytes.size = n * dsi_dtype_get_size(value.dtype);
    status = dsi_ir_take(builder, value.bytes.size, 1, &copy);
    if (status != DSINFER_OK) {
        return status;
    }
    value.bytes.data = copy;
    for (i = 0; i < n; i++) {
        if (value.dtype == DSI_DTYPE_F32) {
            ((float *)copy)[i] = dsi_ir_constant_get_float(constant, i);
        } else if (value.dtype == DSI_DTYPE_I32) {
            ((int32_t *)copy)[i] = (int32_t)dsi_ir_constant_get_int(constant, i);
        } else if (value.dtype == DSI_DTYPE_I64) {
            ((int64_t *)copy)[i] = dsi_ir_constant_get_int(constant, i);
        } else {
            ((uint8_t *)copy)[i] = (uint8_t)dsi_ir_constant_get_int(constant, i);
        }
    }
    return add_value(builder, name, &value, out);
}

enum dsinfer_status dsi_ir_add_stored(struct dsi_ir_builder *builder, const char *name,
                                      const struct dsi_shape *shape,
                                      const struct dsi_stored_block *blocks, size_t n_blocks,
                                      struct dsi_port *out) {
    struct dsi_tensor value = {.dtype = DSI_DTYPE_F32, .shape = *shape, .file = builder->file};
    struct dsi_stored_matrix *matrix;
    enum dsinfer_status status;
    void *memory;
    size_t i;

    status = dsi_ir_take(builder, 1, sizeof(*matrix), &memory);
    matrix = memory;
    if (status == DSINFER_OK) {
        status = dsi_ir_take(builder, n_blocks, sizeof(*blocks), &memory);
    }
    if (status != DSINFER_OK) {
        return status;
    }
    memcpy(memory, blocks, n_blocks * sizeof(*blocks));
    matrix->blocks = memory;
    matrix->n_blocks = n_blocks;
    matrix->n_columns = (size_t)shape->dims[shape->rank - 1];
    matrix->n_rows = 1;
    for (i = 0; i + 1 < shape->rank; i++) {
        matrix->n_rows *= (size_t)shape->dims[i];
    }
    value.stored = matrix;
    return add_value(builder, name, &value, out);
}

/* A zero point or scale for n columns that are indices first … first + n - 1 of `axis`; false where
 * it differs along other axes. */
static bool get_column_factor(struct dsi_ir_builder *builder, const struct dsi_ir_factor *factor,
                              size_t axis, size_t first, size_t n, const float **out) {
    float *values;
    size_t i;

    *out = NULL;
    if (!factor->values) {
        return true;
    }
    if (factor->n_values != 1) {
        *out = factor->values + first;
        return factor->axis == axis;
    }
    values = dsi_arena_alloc(&builder->graph->arena, n, sizeof(*values));
    if (!values) {
        *builder->scope.has_no_memory = true;
        return false;
    }
    for (i = 0; i < n; i++) {
        values[i] = factor->values[0];
    }
    *out = values;
    return true;
}

bool dsi_ir_make_block(struct dsi_ir_builder *builder, const struct dsi_ir_constant *constant,
                       size_t first, struct dsi_stored_block *block) {
    const size_t rank = constant->shape.rank;
    const size_t column_stride = constant->strides[rank - 2];
    const size_t row_stride = constant->strides[rank - 1];
    const size_t n_columns = block->place.n_columns;
    size_t n_elements;

    if (!dsi_ir_constant_get_stored(constant, &block->type) ||
        (row_stride != 1 && column_stride != 1) ||
        !get_column_factor(builder, &constant->zero, rank - 2, first, n_columns, &block->zeros) ||
        !get_column_factor(builder, &constant->factor, rank - 2, first, n_columns,
                           &block->scales)) {
        return false;
    }
    block->row_stride = row_stride;
    block->column_stride = column_stride;
    n_elements = (block->place.n_rows - 1) * row_stride + (n_columns - 1) * column_stride + 1;
    block->bytes.data =
        constant->data + first * column_stride * dsi_stored_type_get_size(block->type);
    block->bytes.size = n_elements * dsi_stored_type_get_size(block->type);
    return true;
}

/* As a stored matrix; false where it cannot be one. */
static bool make_stored(struct dsi_ir_builder *builder, const struct dsi_ir_constant *constant,
                        bool is_turned, struct dsi_stored_block *block) {
    struct dsi_ir_constant turned = *constant;
    const size_t rank = constant->shape.rank;
    const size_t count = dsi_ir_constant_count(constant);

    if (rank < 2 || count == 0 || (is_turned && rank != 2)) {
        return false;
    }
    memset(block, 0, sizeof(*block));
    if (!is_turned) { /* a matrix of rows that follow each other, and this over again */
        const size_t n_columns = (size_t)constant->shape.dims[rank - 1];

        if (rank > 2 && (constant->strides[rank - 1] != 1 ||
                         constant->strides[0] * (size_t)constant->shape.dims[0] != count)) {
            return false;
        }
        turned.shape.rank = 2;
        turned.shape.dims[0] = constant->shape.dims[rank - 1];
        turned.shape.dims[1] = (int64_t)(count / n_columns);
        turned.strides[0] = constant->strides[rank - 1];
        turned.strides[1] = constant->strides[rank - 2];
        turned.zero.axis = turned.zero.axis == rank - 1 ? 0 : 1;
        turned.factor.axis = turned.factor.axis == rank - 1 ? 0 : 1;
    }
    block->place.n_columns = (size_t)turned.shape.dims[0];
    block->place.n_rows = (size_t)turned.shape.dims[1];
    return dsi_ir_make_block(builder, &turned, 0, block);
}

/* A constant with its dimensions the other way round. */
static void turn(struct dsi_ir_constant *constant) {
    const int64_t dim = constant->shape.dims[0];
    const size_t stride = constant->strides[0];

    constant->shape.dims[0] = constant->shape.dims[1];
    constant->shape.dims[1] = dim;
    constant->strides[0] = constant->strides[1];
    constant->strides[1] = stride;
    constant->zero.axis = 1 - constant->zero.axis;
    constant->factor.axis = 1 - constant->factor.axis;
}

static struct dsi_shape trim(const struct dsi_shape *shape) {
    size_t first = 0;

    while (first < shape->rank && shape->dims[first] == 1) {
        first++;
    }
    return dsi_shape_make(shape->rank - first, shape->dims + first);
}

enum dsinfer_status dsi_ir_add_constant(struct dsi_ir_builder *builder, const char *name,
                                        const struct dsi_ir_constant *constant,
                                        enum dsi_ir_form form, struct dsi_port *out) {
    const size_t count = dsi_ir_constant_count(constant);
    struct dsi_ir_constant turned = *constant;
    struct dsi_stored_block block;
    struct dsi_shape shape;

    if (form == DSI_IR_TURNED) {
        turn(&turned);
    }
    shape = form == DSI_IR_TRIMMED ? trim(&turned.shape) : turned.shape;
    if (dsi_ir_constant_is_plain(&turned)) {
        const struct dsi_tensor value = {
            .dtype = dsi_ir_constant_get_dtype(&turned),
            .shape = shape,
            .bytes = {turned.data, count * dsi_dtype_get_size(dsi_ir_constant_get_dtype(&turned))},
            .file = builder->file,
        };

        return add_value(builder, name, &value, out);
    }
    if (count > MAX_SMALL && make_stored(builder, constant, form == DSI_IR_TURNED, &block)) {
        shape = form == DSI_IR_TRIMMED ? constant->shape : shape;
        return dsi_ir_add_stored(builder, name, &shape, &block, 1, out);
    }
    return add_copied(builder, name, &turned, &shape, out);
}

/* A constant is added when it is first read, and once in each form. */
static enum dsinfer_status get_constant(struct dsi_ir_builder *builder, uint32_t layer,
                                        uint32_t output, enum dsi_ir_form form,
                                        struct dsi_port *out) {
    const struct dsi_ir_layer *source = &builder->scope.net->layers[layer];
    uint32_t *known = &builder->constants[layer][output * DSI_IR_N_FORMS + form];
    enum dsinfer_status status = DSINFER_OK;
    struct dsi_ir_constant constant;

    if (*known == DSI_IR_NONE) {
        if (!dsi_ir_find_constant(&builder->scope, layer, output, &constant)) {
            return *builder->scope.has_no_memory
                       ? dsi_fail_memory(builder->err, DSI_IR_MAX_CHANNELS)
                       : dsi_fail(builder->err, DSINFER_ERR_MALFORMED,
                                  "layer '%s' (%s) gives nothing that can be read", source->name,
                                  source->type);
        }
        if (form == DSI_IR_TURNED && constant.shape.rank != 2) {
            form = DSI_IR_PLAIN;
        }
        status = dsi_ir_add_constant(builder, source->name, &constant, form, out);
        *known = status == DSINFER_OK ? out->node : DSI_IR_NONE;
    }
    *out = (struct dsi_port){*known, 0};
    return status;
}

enum dsinfer_status dsi_ir_get_input(struct dsi_ir_builder *builder,
                                     const struct dsi_ir_layer *layer, size_t input,
                                     enum dsi_ir_form form, struct dsi_port *out) {
    const struct dsi_ir_port *port;

    if (input >= layer->n_inputs) {
        return dsi_fail(builder->err, DSINFER_ERR_MALFORMED,
                        "layer '%s' (%s) has %zu inputs, but needs more", layer->name, layer->type,
                        layer->n_inputs);
    }
    port = &layer->inputs[input];
    *out = builder->ports[port->source][port->source_port];
    return out->node != DSI_IR_NONE
               ? DSINFER_OK
               : get_constant(builder, port->source, port->source_port, form, out);
}

struct dsi_ir_view dsi_ir_get_view(const struct dsi_ir_builder *builder, struct dsi_port port,
                                   size_t rank) {
    struct dsi_ir_view view = {.base = port, .rank = rank};
    size_t i;

    if (port.output == 0 && builder->views[port.node].base.node != DSI_IR_NONE &&
        builder->views[port.node].rank == rank) {
        return builder->views[port.node];
    }
    for (i = 0; i < DSI_MAX_RANK; i++) {
        view.axes[i] = (int8_t)i;
    }
    return view;
}

/* True if a view is its base again. */
static bool is_base(const struct dsi_ir_view *view) {
    size_t i;

    for (i = 0; i < view->rank; i++) {
        if (view->axes[i] != (int8_t)i) {
            return false;
        }
    }
    return true;
}

/* Adds the node that makes a view with a constant as second input. */
static enum dsinfer_status add_view(struct dsi_ir_builder *builder, const char *name,
                                    const char *op, struct dsi_port in,
                                    const struct dsi_ir_view *view, const int64_t *values,
                                    size_t n_values, struct dsi_port *out) {
    struct dsi_port inputs[2] = {in};
    enum dsinfer_status status;

    status = dsi_ir_add_node(builder, name, op, inputs, 2, out);
    if (status == DSINFER_OK) {
        builder->views[out->node] = *view;
        status = dsi_ir_add_ints(builder, name, values, n_values, false, &inputs[1]);
    }
    if (status == DSINFER_OK) {
        builder->graph->nodes[out->node].inputs[1] = inputs[1];
    }
    return status;
}

enum dsinfer_status dsi_ir_transpose(struct dsi_ir_builder *builder, const char *name,
                                     struct dsi_port in, size_t rank, const int64_t *perm,
                                     struct dsi_port *out) {
    const struct dsi_ir_view from = dsi_ir_get_view(builder, in, rank);
    struct dsi_ir_view view = from;
    unsigned seen = 0;
    size_t i;

    for (i = 0; i < rank; i++) {
        if (perm[i] < 0 || perm[i] >= (int64_t)rank || seen >> perm[i] & 1) {
            return dsi_fail(builder->err, DSINFER_ERR_MALFORMED,
                            "layer '%s' orders axes in a way that is no order", name);
        }
        seen |= 1u << perm[i];
        view.axes[i] = from.axes[perm[i]];
    }
    if (is_base(&view)) {
        *out = view.base;
        return DSINFER_OK;
    }
    return add_view(builder, name, "Transpose", in, &view, perm, rank, out);
}

enum dsinfer_status dsi_ir_expand(struct dsi_ir_builder *builder, const char *name,
                                  struct dsi_port in, size_t rank, size_t axis,
                                  struct dsi_port *out) {
    const struct dsi_ir_view from = dsi_ir_get_view(builder, in, rank);
    const int64_t value = (int64_t)axis;
    struct dsi_ir_view view = from;
    size_t i;

    if (rank == DSI_MAX_RANK || axis > rank) {
        return dsi_fail(builder->err, DSINFER_ERR_UNSUPPORTED,
                        "layer '%s' adds axis %zu to %zu dimensions", name, axis, rank);
    }
    for (i = axis; i < rank; i++) {
        view.axes[i + 1] = from.axes[i];
    }
    view.axes[axis] = -1;
    view.rank = rank + 1;
    return add_view(builder, name, "ExpandDims", in, &view, &value, 1, out);
}

enum dsinfer_status dsi_ir_squeeze(struct dsi_ir_builder *builder, const char *name,
                                   struct dsi_port in, size_t rank, size_t axis,
                                   struct dsi_port *out) {
    const struct dsi_ir_view from = dsi_ir_get_view(builder, in, rank);
    const int64_t value = (int64_t)axis;
    const struct dsi_attr attr = {
        .name = "squeeze_dims", .kind = DSI_ATTR_INTS, .u.ints = {.values = &value, .n_values = 1}};
    struct dsi_ir_view view = from;
    enum dsinfer_status status;
    size_t i;

    if (axis >= rank) {
        return dsi_fail(builder->err, DSINFER_ERR_MALFORMED,
                        "layer '%s' removes axis %zu of %zu dimensions", name, axis, rank);
    }
    for (i = axis; i + 1 < rank; i++) {
        view.axes[i] = from.axes[i + 1];
    }
    view.rank = rank - 1;
    if (from.axes[axis] < 0 && is_base(&view)) {
        *out = view.base;
        return DSINFER_OK;
    }
    status = dsi_ir_add_node(builder, name, "Squeeze", &in, 1, out);
    if (status == DSINFER_OK) {
        status = dsi_ir_set_attrs(builder, *out, &attr, 1);
    }
    if (status == DSINFER_OK && from.axes[axis] < 0) {
        builder->views[out->node] = view;
    }
    return status;
}
