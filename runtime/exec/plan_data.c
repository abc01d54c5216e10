/* What the compiler does with shapes and bytes: inference of one step, aligned copies of constants,
 * packed weights.
 *
 * A weight is packed slice by slice and the pages just read are given back, so that loading never
 * holds a big model twice. One that is stored otherwise than as float32 in C order becomes so on
 * the way, in a buffer of one slice. Where the kernels measure a weight before it is packed, all
 * slices are read twice. SPDX-License-Identifier: BSD-2-Clause */
#include "runtime/exec/plan_internal.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <string.h>

/* Bytes of a weight that are packed at once: as they lie in the file, and when they are converted
 * first in a buffer, which should stay in the cache. */
#define SLICE_SIZE ((size_t)4 << 20)
#define BUFFER_SIZE ((size_t)128 << 10)

enum dsinfer_status dsi_plan_check_shape(const char *name, enum dsi_dtype dtype,
                                         const struct dsi_shape *shape, struct dsinfer_error *err) {
    char text[DSI_SHAPE_TEXT_SIZE];
    struct dsi_shape padded = *shape;
    bool is_small = true;
    size_t size, i;

    if (!dsi_dtype_get_size(dtype)) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED, "values of '%s' have %s", name,
                        dtype == DSI_DTYPE_STRING ? "type string, which cannot be computed with"
                                                  : "no type that is supported");
    }
    if (shape->rank > DSI_MAX_RANK || !dsi_shape_is_known(shape)) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "the shape %s of '%s' is not known in all of at most %d dimensions",
                        dsi_shape_print(shape, text), name, DSI_MAX_RANK);
    }
    /* Without elements, too: the strides of a value must be as small as its size. */
    for (i = 0; i < shape->rank; i++) {
        is_small = is_small && shape->dims[i] <= DSI_OP_MAX_DIM;
        padded.dims[i] = shape->dims[i] ? shape->dims[i] : 1;
    }
    if (!is_small || !dsi_shape_get_size(&padded, dtype, &size) || size > DSI_RUN_MAX_MEMORY) {
        return dsi_fail(
            err, DSINFER_ERR_LIMIT, "'%s' would be a %s value of shape %s, more than %zu bytes",
            name, dsi_dtype_get_name(dtype), dsi_shape_print(shape, text), DSI_RUN_MAX_MEMORY);
    }
    return DSINFER_OK;
}

/* Memory in which the largest A of the step's products is prepared. */
static void set_prepared_size(const struct dsi_plan *plan, struct dsi_op_shapes *shapes) {
    size_t i;

    for (i = 0; i < shapes->n_weights; i++) {
        const struct dsi_weight *weight = &shapes->weights[i];
        const struct dsi_product *product = &plan->kernels.products[weight->precision];

        if (product->prepare) { /* A is a value: its size has been checked */
            const size_t size =
                dsi_plan_round_up(product->get_prepared_size(weight->max_m, weight->k));

            shapes->prepared_size = size > shapes->prepared_size ? size : shapes->prepared_size;
        }
    }
}

enum dsinfer_status dsi_plan_infer_step(const struct dsi_plan *plan,
                                        const struct dsi_plan_step *step,
                                        const struct dsi_tensor *tensors,
                                        struct dsi_value_info *infos, struct dsi_op_shapes *shapes,
                                        struct dsinfer_error *err) {
    enum dsinfer_status status;
    size_t i;

    for (i = 0; i < step->node->n_inputs; i++) {
        const uint32_t value = step->inputs[i];

        infos[i].dtype = tensors[value].dtype;
        infos[i].shape = tensors[value].shape;
        infos[i].constant =
            plan->values[value].kind == DSI_VALUE_CONSTANT ? &plan->tensors[value] : NULL;
    }
    memset(shapes, 0, sizeof(*shapes));
    shapes->alias = -1;
    status = step->op->infer(step->node, infos, shapes, err);
    for (i = 0; status == DSINFER_OK && i < shapes->n_outputs; i++) {
        status = dsi_plan_check_shape(step->node->name, shapes->outputs[i].dtype,
                                      &shapes->outputs[i].shape, err);
    }
    if (status == DSINFER_OK && shapes->scratch_size > DSI_RUN_MAX_MEMORY) {
        status = dsi_fail(err, DSINFER_ERR_LIMIT,
                          "node '%s' needs %zu bytes of scratch memory, more than %zu",
                          step->node->name, shapes->scratch_size, DSI_RUN_MAX_MEMORY);
    }
    if (status == DSINFER_OK) {
        set_prepared_size(plan, shapes);
    }
    return status;
}

static bool is_aligned(const void *memory, size_t alignment) {
    return (uintptr_t)memory % alignment == 0;
}

enum dsinfer_status dsi_plan_align(struct dsi_plan *plan, uint32_t value,
                                   struct dsinfer_error *err) {
    const uint32_t root = plan->values[value].root;
    struct dsi_tensor *tensor = &plan->tensors[root];
    size_t size = tensor->bytes.size;
    char text[DSI_SHAPE_TEXT_SIZE];
    void *copy;

    if (tensor->stored) {
        (void)dsi_shape_get_size(&tensor->shape, tensor->dtype, &size);
    }
    if (tensor->stored && tensor->stored->n_packed) {
        return dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                        "a constant of shape %s is there only as a layer's packed weights",
                        dsi_shape_print(&tensor->shape, text));
    }
    if (!tensor->bytes.data || !is_aligned(tensor->bytes.data, dsi_dtype_get_size(tensor->dtype))) {
        if (size > DSI_PLAN_MAX_CONSTANTS - plan->constants_size) {
            return dsi_fail(err, DSINFER_ERR_LIMIT, "constants need more than %zu bytes",
                            DSI_PLAN_MAX_CONSTANTS);
        }
        copy = dsi_malloc_aligned(size);
        if (!copy) {
            return dsi_fail_memory(err, size);
        }
        if (tensor->stored) {
            const struct dsi_rectangle all = {.n_rows = tensor->stored->n_rows,
                                              .n_columns = tensor->stored->n_columns};

            dsi_stored_read(tensor->stored, &all, copy, all.n_columns);
        } else if (size) {
            memcpy(copy, tensor->bytes.data, size);
        }
        plan->values[root].owned = copy;
        plan->constants_size += size;
        tensor->bytes = (struct dsi_bytes){copy, size};
        tensor->file = NULL;
        tensor->stored = NULL;
    }
    plan->tensors[value].bytes = tensor->bytes;
    plan->tensors[value].file = tensor->file;
    plan->tensors[value].stored = NULL;
    return DSINFER_OK;
}

bool dsi_plan_is_packed(const struct dsi_op_shapes *shapes, size_t input) {
    size_t i;

    for (i = 0; i < shapes->n_weights; i++) {
        if (shapes->weights[i].input == input) {
            return true;
        }
    }
    return false;
}

/* The packed form of that part, or NONE. */
static uint32_t find_weight(const struct dsi_plan *plan, uint32_t root,
                            const struct dsi_weight *part) {
    uint32_t i = plan->values[root].first_weight;

    while (i != DSI_PLAN_NONE &&
           (plan->weights[i].part.first_row != part->first_row ||
            plan->weights[i].part.k != part->k || plan->weights[i].part.n != part->n ||
            plan->weights[i].part.precision != part->precision)) {
        i = plan->weights[i].next;
    }
    return i;
}

static enum dsinfer_status reserve_weight(struct dsi_plan *plan, struct dsinfer_error *err) {
    if (plan->n_weights == plan->weights_capacity) {
        const size_t capacity = plan->weights_capacity ? plan->weights_capacity * 2 : 16;
        struct dsi_packed_weight *weights = dsi_realloc(plan->weights, capacity * sizeof(*weights));

        if (!weights) {
            return dsi_fail_memory(err, capacity * sizeof(*weights));
        }
        plan->weights = weights;
        plan->weights_capacity = capacity;
    }
    return DSINFER_OK;
}

static const struct dsi_product *get_product(const struct dsi_plan *plan,
                                             const struct dsi_weight *part) {
    return &plan->kernels.products[part->precision];
}

/* Measuring or packing. */
typedef void (*take_fn)(const struct dsi_pack *pack);

/* Hands over rows of `rows` slice by slice. */
static void take_slices(take_fn take, const struct dsi_weight *part, struct dsi_bytes rows,
                        const struct dsi_mapped_file *file, void *packed) {
    const size_t row_size = part->n * sizeof(float);
    const size_t n_slice = row_size && row_size < SLICE_SIZE ? SLICE_SIZE / row_size : 1;
    size_t first;

    for (first = 0; first < part->k; first += n_slice) {
        const size_t n_rows = part->k - first < n_slice ? part->k - first : n_slice;
        const struct dsi_bytes slice = {rows.data + first * row_size, n_rows * row_size};

        take(&(struct dsi_pack){.k = part->k,
                                .n = part->n,
                                .first_row = first,
                                .n_rows = n_rows,
                                .n_columns = part->n,
                                .rows = slice.data,
                                .row_stride = row_size,
                                .packed = packed});
        dsi_mapped_file_drop(file, slice);
    }
}

static void pack_rows(const struct dsi_product *product, const struct dsi_weight *part,
                      const struct dsi_tensor *tensor, void *packed) {
    const size_t row_size = part->n * sizeof(float);
    const struct dsi_bytes rows = {tensor->bytes.data + part->first_row * row_size,
                                   part->k * row_size};

    if (product->measure) {
        take_slices(product->measure, part, rows, tensor->file, packed);
    }
    take_slices(product->pack, part, rows, tensor->file, packed);
}

/* How much of a stored matrix is converted at once: all columns of some rows, or, where columns are
 * what lies in a row, all rows of some columns. */
static void choose_slice(const struct dsi_weight *part, const struct dsi_stored_matrix *stored,
                         struct dsi_rectangle *slice) {
    const bool is_turned = stored->n_blocks && stored->blocks[0].row_stride == 1;
    const size_t n_floats = BUFFER_SIZE / sizeof(float);

    *slice = (struct dsi_rectangle){.n_rows = part->k, .n_columns = part->n};
    if (is_turned) {
        size_t n = part->k < n_floats ? n_floats / (part->k ? part->k : 1) : 1;

        n = n < DSI_PACK_COLUMNS ? DSI_PACK_COLUMNS : n / DSI_PACK_COLUMNS * DSI_PACK_COLUMNS;
        slice->n_columns = n < part->n ? n : part->n;
    } else {
        const size_t n = part->n < n_floats ? n_floats / (part->n ? part->n : 1) : 1;

        slice->n_rows = n < part->k ? n : part->k;
    }
}

static void convert_slices(take_fn take, const struct dsi_weight *part,
                           const struct dsi_stored_matrix *stored,
                           const struct dsi_rectangle *slice, float *buffer, void *packed) {
    size_t row, column;

    for (row = 0; row < part->k; row += slice->n_rows) {
        for (column = 0; column < part->n; column += slice->n_columns) {
            const size_t rows_left = part->k - row, columns_left = part->n - column;
            const struct dsi_rectangle place = {
                .row = part->first_row + row,
                .column = column,
                .n_rows = rows_left < slice->n_rows ? rows_left : slice->n_rows,
                .n_columns = columns_left < slice->n_columns ? columns_left : slice->n_columns,
            };
            const struct dsi_pack pack = {
                .k = part->k,
                .n = part->n,
                .first_row = row,
                .n_rows = place.n_rows,
                .first_column = column,
                .n_columns = place.n_columns,
                .rows = buffer,
                .row_stride = place.n_columns * sizeof(float),
                .packed = packed,
            };

            dsi_stored_read(stored, &place, buffer, place.n_columns);
            take(&pack);
        }
    }
}

/* Packs rows of a matrix that is stored otherwise. */
static enum dsinfer_status pack_stored(const struct dsi_product *product,
                                       const struct dsi_weight *part,
                                       const struct dsi_tensor *tensor, void *packed,
                                       struct dsinfer_error *err) {
    struct dsi_rectangle slice;
    size_t size, i;
    float *buffer;

    choose_slice(part, tensor->stored, &slice);
    size = slice.n_rows * slice.n_columns * sizeof(float);
    buffer = dsi_malloc_aligned(size);
    if (!buffer) {
        return dsi_fail_memory(err, size);
    }
    if (product->measure) {
        convert_slices(product->measure, part, tensor->stored, &slice, buffer, packed);
    }
    convert_slices(product->pack, part, tensor->stored, &slice, buffer, packed);
    for (i = 0; i < tensor->stored->n_blocks; i++) {
        const struct dsi_stored_block *block = &tensor->stored->blocks[i];

        if (block->place.row >= part->first_row &&
            block->place.row + block->place.n_rows <= part->first_row + part->k) {
            dsi_mapped_file_drop(tensor->file, block->bytes);
        }
    }
    dsi_free(buffer);
    return DSINFER_OK;
}

/* Gives a weight memory of its own, which counts when it is added to the plan. */
static enum dsinfer_status allocate_weight(const struct dsi_plan *plan,
                                           struct dsi_packed_weight *weight,
                                           struct dsinfer_error *err) {
    if (weight->size > DSI_PLAN_MAX_WEIGHTS - plan->packed_size) {
        return dsi_fail(err, DSINFER_ERR_LIMIT, "packed weights need more than %zu bytes",
                        DSI_PLAN_MAX_WEIGHTS);
    }
    weight->owned = dsi_malloc_aligned(weight->size);
    if (!weight->owned) {
        return dsi_fail_memory(err, weight->size);
    }
    weight->data = weight->owned;
    return DSINFER_OK;
}

/* Packs a weight in memory of its own. */
static enum dsinfer_status pack_weight(const struct dsi_plan *plan, const struct dsi_tensor *tensor,
                                       struct dsi_packed_weight *weight,
                                       struct dsinfer_error *err) {
    const struct dsi_product *product = get_product(plan, &weight->part);
    enum dsinfer_status status = allocate_weight(plan, weight, err);

    if (status != DSINFER_OK) {
        return status;
    }
    /* Columns and rows that fill up a form belong to it. */
    if (product->measure || weight->part.k % DSI_ALIGNMENT || weight->part.n % DSI_ALIGNMENT) {
        memset(weight->owned, 0, weight->size);
    }
    if (tensor->stored) {
        status = pack_stored(product, &weight->part, tensor, weight->owned, err);
    } else {
        pack_rows(product, &weight->part, tensor, weight->owned);
    }
    return status;
}

/* The packed form that the file has of a part, or NULL. */
static const struct dsi_stored_packed *find_packed(const struct dsi_stored_matrix *stored,
                                                   const struct dsi_packed_weight *weight) {
    size_t i;

    for (i = 0; i < stored->n_packed; i++) {
        const struct dsi_stored_packed *packed = &stored->packed[i];

        if (packed->first_row == weight->part.first_row && packed->n_rows == weight->part.k &&
            stored->n_columns == weight->part.n &&
            packed->precision == (int)weight->part.precision &&
            packed->bytes.size == weight->size) {
            return packed;
        }
    }
    return NULL;
}

/* Uses it in its place, or, where that is not aligned, a copy. */
static enum dsinfer_status take_packed(const struct dsi_plan *plan,
                                       const struct dsi_stored_matrix *stored,
                                       struct dsi_packed_weight *weight,
                                       struct dsinfer_error *err) {
    const struct dsi_stored_packed *packed = find_packed(stored, weight);
    enum dsinfer_status status;

    if (!packed) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "rows %zu to %zu of a matrix of %zu columns are needed in %zu bytes, but "
                        "the file has no such packed weights",
                        weight->part.first_row, weight->part.first_row + weight->part.k,
                        weight->part.n, weight->size);
    }
    weight->data = packed->bytes.data;
    if (is_aligned(weight->data, DSI_ALIGNMENT)) {
        return DSINFER_OK;
    }
    status = allocate_weight(plan, weight, err);
    if (status == DSINFER_OK) {
        memcpy(weight->owned, packed->bytes.data, weight->size);
    }
    return status;
}

/* Makes the packed form of a part of a constant, or takes the constant's own bytes. */
static enum dsinfer_status add_weight(struct dsi_plan *plan, uint32_t value,
                                      const struct dsi_weight *part, uint32_t *out,
                                      struct dsinfer_error *err) {
    const struct dsi_product *product = get_product(plan, part);
    const struct dsi_tensor *tensor = &plan->tensors[value];
    struct dsi_plan_value *root = &plan->values[plan->values[value].root];
    struct dsi_packed_weight weight = {.part = *part,
                                       .size = product->get_packed_size(part->k, part->n),
                                       .next = root->first_weight};
    enum dsinfer_status status = reserve_weight(plan, err);

    if (status != DSINFER_OK) {
        return status;
    }
    if (tensor->stored && tensor->stored->n_packed) {
        status = take_packed(plan, tensor->stored, &weight, err);
    } else if (product->is_in_place && !tensor->stored && tensor->bytes.data &&
               is_aligned(tensor->bytes.data, sizeof(float))) {
        weight.data = tensor->bytes.data + part->first_row * part->n * sizeof(float);
    } else {
        status = pack_weight(plan, tensor, &weight, err);
    }
    if (status != DSINFER_OK) {
        dsi_free(weight.owned);
        return status;
    }
    *out = (uint32_t)plan->n_weights;
    root->first_weight = *out;
    plan->weights[plan->n_weights++] = weight;
    plan->packed_size += weight.owned ? weight.size : 0;
    return DSINFER_OK;
}

enum dsinfer_status dsi_plan_pack_step(struct dsi_plan *plan, struct dsi_plan_step *step,
                                       const struct dsi_op_shapes *shapes,
                                       struct dsinfer_error *err) {
    enum dsinfer_status status = DSINFER_OK;
    size_t i;

    for (i = 0; status == DSINFER_OK && i < shapes->n_weights; i++) {
        const struct dsi_weight *part = &shapes->weights[i];
        const uint32_t value = step->inputs[part->input];
        uint32_t found = find_weight(plan, plan->values[value].root, part);

        if (found == DSI_PLAN_NONE && plan->tensors[value].stored &&
            plan->tensors[value].stored->n_columns != part->n) { /* reshaped */
            status = dsi_plan_align(plan, value, err);
        }
        if (status == DSINFER_OK && found == DSI_PLAN_NONE) {
            status = add_weight(plan, value, part, &found, err);
        }
        if (status == DSINFER_OK) {
            step->weights[i] = plan->weights[found].data;
        }
    }
    return status;
}
