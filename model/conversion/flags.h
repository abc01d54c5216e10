/* The grammar of Model Optimizer's flags: texts to names, shapes and values.
 *
 *     --input   [IN:]name[:OUT][shape]{type}->value,…    blanks or commas between dims and values
 *     --input_shape  [1,16,19,26],(1,2048)
 *     --freeze_placeholder_with_value  name->value,…
 *     --output  name,…
 *
 * Commas inside brackets do not separate items. What a name means is not decided here.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_CONVERSION_FLAGS_H
#define DSI_CONVERSION_FLAGS_H

#include "runtime/base/cursor.h"
#include "runtime/tensor/shape.h"

#include <dsinfer/status.h>

#define DSI_FLAGS_MAX_ITEMS 16

struct dsi_flag_item {
    struct dsi_bytes name; /* with its ports; all bytes point into the text */
    bool has_shape;
    struct dsi_shape shape;
    struct dsi_bytes type; /* without the braces; empty: none */
    bool has_value;
    struct dsi_bytes value;
};

struct dsi_flag_list {
    struct dsi_flag_item items[DSI_FLAGS_MAX_ITEMS];
    size_t n;
};

/* `flag` is what the text was given as, for sentences. Fail with ERR_ARGUMENT and ERR_LIMIT. */
enum dsinfer_status dsi_flags_read(const char *flag, const char *text, struct dsi_flag_list *list,
                                   struct dsinfer_error *err);

/* Fills in only the shapes. */
enum dsinfer_status dsi_flags_read_shapes(const char *flag, const char *text,
                                          struct dsi_flag_list *list, struct dsinfer_error *err);

/* Whole numbers, one or a list in brackets. */
enum dsinfer_status dsi_flags_read_numbers(const struct dsi_flag_item *item, int64_t *numbers,
                                           size_t max, size_t *n, struct dsinfer_error *err);

#endif
