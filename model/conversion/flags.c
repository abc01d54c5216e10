/* Parsing Model Optimizer's flags.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/conversion/flags.h"

#include "model/graphdef/wire.h"
#include "runtime/base/error.h"

#include <string.h>

/* Largest number, so that sizes made of a few of them do not overflow. */
#define MAX_NUMBER INT32_MAX

/* For "%.*s". */
#define SHOWN(bytes) dsi_wire_get_shown(bytes), (const char *)(bytes).data

static bool is_blank(uint8_t byte) {
    return byte == ' ' || byte == '\t';
}

static struct dsi_bytes trim(struct dsi_bytes text) {
    while (text.size && is_blank(text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size && is_blank(text.data[text.size - 1])) {
        text.size--;
    }
    return text;
}

static bool is_opening(uint8_t byte) {
    return byte == '[' || byte == '(' || byte == '{';
}

static bool is_closing(uint8_t byte) {
    return byte == ']' || byte == ')' || byte == '}';
}

/* Cuts the text up to the next comma outside brackets off its front. */
static struct dsi_bytes take_item(struct dsi_bytes *rest) {
    struct dsi_bytes item = {rest->data, 0};
    size_t depth = 0;

    while (item.size < rest->size && (depth || rest->data[item.size] != ',')) {
        const uint8_t byte = rest->data[item.size++];

        depth += is_opening(byte);
        depth -= depth && is_closing(byte);
    }
    rest->data += item.size;
    rest->size -= item.size;
    return trim(item);
}

/* A whole number at the front; false if there is none or it is too large. */
static bool take_number(struct dsi_bytes *rest, int64_t *out) {
    const bool is_negative = rest->size && rest->data[0] == '-';
    size_t i = is_negative;
    int64_t number = 0;

    while (i < rest->size && rest->data[i] >= '0' && rest->data[i] <= '9') {
        number = number * 10 + (rest->data[i++] - '0');
        if (number > MAX_NUMBER) {
            return false;
        }
    }
    if (i == (size_t)is_negative) {
        return false;
    }
    rest->data += i;
    rest->size -= i;
    *out = is_negative ? -number : number;
    return true;
}

/* Numbers with blanks or a comma between them. */
static bool read_list(struct dsi_bytes text, int64_t *numbers, size_t max, size_t *n) {
    *n = 0;
    text = trim(text);
    while (text.size) {
        const size_t size = text.size;

        if (*n == max || !take_number(&text, &numbers[*n])) {
            return false;
        }
        ++*n;
        text = trim(text);
        if (text.size && text.data[0] == ',') {
            text.data++;
            text.size--;
            text = trim(text);
            if (!text.size) {
                return false;
            }
        } else if (text.size && !is_blank(text.data[-1])) {
            return false;
        }
        if (text.size == size) {
            return false;
        }
    }
    return true;
}

static enum dsinfer_status fail_open(const char *flag, struct dsi_bytes text,
                                     struct dsinfer_error *err) {
    return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                    "%s: the shape '%.*s' is not fully defined; all of its dimensions must be "
                    "numbers of 1 or more",
                    flag, SHOWN(text));
}

/* What later releases of Model Optimizer take: "?", and "1..8". */
static bool has_open(struct dsi_bytes text) {
    size_t i;

    for (i = 0; i < text.size; i++) {
        if (text.data[i] == '?' ||
            (i + 1 < text.size && text.data[i] == '.' && text.data[i + 1] == '.')) {
            return true;
        }
    }
    return false;
}

/* `text` with its brackets. */
static enum dsinfer_status read_shape(const char *flag, struct dsi_bytes text,
                                      struct dsi_shape *shape, struct dsinfer_error *err) {
    const uint8_t last = text.size > 1 ? text.data[text.size - 1] : 0;
    size_t i;

    if (has_open(text)) {
        return fail_open(flag, text, err);
    }
    if (!((last == ']' && text.data[0] == '[') || (last == ')' && text.data[0] == '(')) ||
        !read_list((struct dsi_bytes){text.data + 1, text.size - 2}, shape->dims, DSI_MAX_RANK,
                   &shape->rank)) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "%s: the shape '%.*s' cannot be parsed; it is written as [1,16,19,26]",
                        flag, SHOWN(text));
    }
    for (i = 0; i < shape->rank; i++) {
        if (shape->dims[i] < 1) {
            return fail_open(flag, text, err);
        }
    }
    return DSINFER_OK;
}

/* Where "->" is, or the end. */
static size_t find_arrow(struct dsi_bytes text) {
    size_t i;

    for (i = 0; i + 1 < text.size; i++) {
        if (text.data[i] == '-' && text.data[i + 1] == '>') {
            return i;
        }
    }
    return text.size;
}

/* Cuts "X…Y" with the given brackets off the end of `name`; an empty result: there is none. */
static struct dsi_bytes take_bracketed(struct dsi_bytes *name, uint8_t opening, uint8_t closing) {
    size_t at = name->size;
    struct dsi_bytes found = {name->data, 0};

    if (!name->size || name->data[name->size - 1] != closing) {
        return found;
    }
    while (at > 0 && name->data[at - 1] != opening) {
        at--;
    }
    if (at == 0) {
        return found;
    }
    found.data = name->data + at - 1;
    found.size = name->size - (at - 1);
    name->size = at - 1;
    *name = trim(*name);
    return found;
}

static enum dsinfer_status read_item(const char *flag, struct dsi_bytes text,
                                     struct dsi_flag_item *item, struct dsinfer_error *err) {
    const size_t arrow = find_arrow(text);
    struct dsi_bytes found;

    memset(item, 0, sizeof(*item));
    item->name = trim((struct dsi_bytes){text.data, arrow});
    if (arrow < text.size) {
        item->has_value = true;
        item->value = trim((struct dsi_bytes){text.data + arrow + 2, text.size - arrow - 2});
    }
    found = take_bracketed(&item->name, '{', '}');
    if (found.size) {
        item->type = trim((struct dsi_bytes){found.data + 1, found.size - 2});
    }
    found = take_bracketed(&item->name, '[', ']');
    if (!found.size) {
        found = take_bracketed(&item->name, '(', ')');
    }
    if (!item->name.size) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT, "%s: there is no name in '%.*s'", flag,
                        SHOWN(text));
    }
    if (found.size) {
        item->has_shape = true;
        return read_shape(flag, found, &item->shape, err);
    }
    return DSINFER_OK;
}

static enum dsinfer_status read_items(const char *flag, const char *text, bool are_shapes,
                                      struct dsi_flag_list *list, struct dsinfer_error *err) {
    struct dsi_bytes rest = {(const uint8_t *)text, strlen(text)};
    enum dsinfer_status status = DSINFER_OK;

    list->n = 0;
    while (status == DSINFER_OK) {
        const struct dsi_bytes item = take_item(&rest);
        struct dsi_flag_item *to = &list->items[list->n];

        if (list->n == DSI_FLAGS_MAX_ITEMS) {
            return dsi_fail(err, DSINFER_ERR_LIMIT, "%s has more than %d items", flag,
                            DSI_FLAGS_MAX_ITEMS);
        }
        if (are_shapes) {
            memset(to, 0, sizeof(*to));
            to->has_shape = true;
            status = read_shape(flag, item, &to->shape, err);
        } else {
            status = read_item(flag, item, to, err);
        }
        list->n++;
        if (!rest.size) {
            break;
        }
        rest.data++; /* the comma */
        rest.size--;
    }
    return status;
}

enum dsinfer_status dsi_flags_read(const char *flag, const char *text, struct dsi_flag_list *list,
                                   struct dsinfer_error *err) {
    return read_items(flag, text, false, list, err);
}

enum dsinfer_status dsi_flags_read_shapes(const char *flag, const char *text,
                                          struct dsi_flag_list *list, struct dsinfer_error *err) {
    return read_items(flag, text, true, list, err);
}

enum dsinfer_status dsi_flags_read_numbers(const struct dsi_flag_item *item, int64_t *numbers,
                                           size_t max, size_t *n, struct dsinfer_error *err) {
    struct dsi_bytes text = item->value;

    if (text.size > 1 && text.data[0] == '[' && text.data[text.size - 1] == ']') {
        text.data++;
        text.size -= 2;
    }
    if (!read_list(text, numbers, max, n) || *n == 0) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "the value '%.*s' of '%.*s' is no whole number nor a list of up to %zu of "
                        "them, such as [16]",
                        SHOWN(item->value), SHOWN(item->name), max);
    }
    return DSINFER_OK;
}
