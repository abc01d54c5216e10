/* Copies NodeDef, AttrEntry, AttrValue and TensorProto, one inside the other, leaving out
 * tensor_content. Lengths of the three inner ones are not known when they begin: each gets five
 * bytes, room for any 32-bit number, filled in at its end (a varint may have leading zeros).
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/graphdef/trim.h"

#include "runtime/base/alloc.h"
#include "runtime/base/error.h"
#include "runtime/base/utf8.h"

#include <inttypes.h>
#include <string.h>

#define LENGTH_SIZE 5

enum level { LEVEL_NODE, LEVEL_ENTRY, LEVEL_VALUE, LEVEL_TENSOR };

#define FIELD(number) (UINT32_C(1) << (number))

static const struct level_facts {
    uint32_t inner;    /* field that is the next level */
    uint32_t singular; /* set of fields that may be there once */
    uint32_t text;     /* set of fields that are text */
} LEVELS[] = {
    [LEVEL_NODE] = {5, FIELD(1) | FIELD(2) | FIELD(4), FIELD(1) | FIELD(2) | FIELD(3)},
    [LEVEL_ENTRY] = {2, FIELD(1) | FIELD(2), FIELD(1)},
    [LEVEL_VALUE] = {8, 0x7fe, 0}, /* 1 to 10: all kinds of value */
    [LEVEL_TENSOR] = {4, FIELD(1) | FIELD(2) | FIELD(3) | FIELD(4), 0},
};

/* What is known of the attribute that is being copied. */
struct entry {
    struct dsi_bytes key;
    struct dsi_bytes content;
};

static enum dsinfer_status append(struct dsi_trimmed_node *node, const void *bytes, size_t size,
                                  struct dsinfer_error *err) {
    if (size > DSI_GRAPHDEF_MAX_NODE_SIZE - node->size) {
        return dsi_fail(err, DSINFER_ERR_LIMIT,
                        "a node holds more than %zu bytes besides its tensor's content",
                        DSI_GRAPHDEF_MAX_NODE_SIZE);
    }
    if (size > node->capacity - node->size) {
        const size_t capacity = 2 * (node->size + size);
        uint8_t *grown = dsi_realloc(node->bytes, capacity);

        if (!grown) {
            return dsi_fail_memory(err, capacity);
        }
        node->bytes = grown;
        node->capacity = capacity;
    }
    if (size) {
        memcpy(node->bytes + node->size, bytes, size);
    }
    node->size += size;
    return DSINFER_OK;
}

static void put_length(uint8_t bytes[LENGTH_SIZE], size_t length) {
    int i;

    for (i = 0; i < LENGTH_SIZE; i++) {
        bytes[i] = (uint8_t)((length >> (7 * i) & 0x7f) | (i + 1 < LENGTH_SIZE ? 0x80 : 0));
    }
}

static enum dsinfer_status check_text(const struct dsi_wire_field *field,
                                      struct dsinfer_error *err) {
    const char *text = (const char *)field->bytes.data;
    size_t i = 0;

    while (i < field->bytes.size) {
        const size_t length = text[i] ? dsi_utf8_length(text + i, field->bytes.size - i) : 0;

        if (length == 0) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED,
                            "field %" PRIu32 " at byte %zu should be text, but byte %zu of it is "
                            "0x%02x",
                            field->number, field->offset, i, (unsigned)field->bytes.data[i]);
        }
        i += length;
    }
    return DSINFER_OK;
}

/* Checks a field by the rules of its level; `seen` is the set of singular ones so far. */
static enum dsinfer_status check_field(const struct level_facts *facts,
                                       const struct dsi_wire_field *field, uint32_t *seen,
                                       struct dsinfer_error *err) {
    const uint32_t bit = field->number < 32 ? FIELD(field->number) : 0;

    if (*seen & bit) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "field %" PRIu32 " at byte %zu is there for the second time", field->number,
                        field->offset);
    }
    *seen |= facts->singular & bit;
    if (facts->text & bit && field->type == DSI_WIRE_BYTES) {
        return check_text(field, err);
    }
    return DSINFER_OK;
}

static bool is_text(struct dsi_bytes bytes, const char *text) {
    return bytes.size == strlen(text) && memcmp(bytes.data, text, bytes.size) == 0;
}

static enum dsinfer_status copy_message(const struct dsi_wire_field *message, enum level level,
                                        struct entry *entry, struct dsi_trimmed_node *out,
                                        struct dsinfer_error *err);

/* Copies the field that is the next level: its tag, a length to be filled in, its content. */
static enum dsinfer_status copy_inner(const struct dsi_wire_field *field, enum level level,
                                      struct entry *entry, struct dsi_trimmed_node *out,
                                      struct dsinfer_error *err) {
    const uint8_t tag = (uint8_t)(field->number << 3 | DSI_WIRE_BYTES);
    uint8_t length[LENGTH_SIZE] = {0};
    enum dsinfer_status status;
    size_t start;

    status = append(out, &tag, 1, err);
    if (status == DSINFER_OK) {
        status = append(out, length, LENGTH_SIZE, err);
    }
    start = out->size;
    if (status == DSINFER_OK) {
        status = copy_message(field, level, entry, out, err);
    }
    if (status == DSINFER_OK) {
        put_length(out->bytes + start - LENGTH_SIZE, out->size - start);
    }
    return status;
}

/* Copies one field of a level, or notes what it is and leaves it out. */
static enum dsinfer_status copy_field(const struct dsi_wire_field *field, enum level level,
                                      struct entry *entry, struct dsi_trimmed_node *out,
                                      struct dsinfer_error *err) {
    struct entry inner = {0};
    enum dsinfer_status status;

    if (field->type != DSI_WIRE_BYTES) {
        return append(out, field->whole.data, field->whole.size, err);
    }
    if (field->number == LEVELS[level].inner && level == LEVEL_TENSOR) {
        entry->content = field->bytes;
        return DSINFER_OK;
    }
    if (field->number == LEVELS[level].inner && level == LEVEL_NODE) {
        status = copy_inner(field, LEVEL_ENTRY, &inner, out, err);
        if (is_text(inner.key, "value")) {
            out->content = inner.content;
        }
        return status;
    }
    if (field->number == LEVELS[level].inner) {
        return copy_inner(field, level + 1, entry, out, err);
    }
    if (field->number == 1 && level == LEVEL_NODE) {
        out->name = field->bytes;
    } else if (field->number == 1 && level == LEVEL_ENTRY) {
        entry->key = field->bytes;
    }
    return append(out, field->whole.data, field->whole.size, err);
}

static enum dsinfer_status copy_message(const struct dsi_wire_field *message, enum level level,
                                        struct entry *entry, struct dsi_trimmed_node *out,
                                        struct dsinfer_error *err) {
    struct dsi_wire_reader reader;
    enum dsinfer_status status = DSINFER_OK;
    uint32_t seen = 0;

    dsi_wire_reader_enter(&reader, message);
    while (status == DSINFER_OK && !dsi_wire_is_at_end(&reader)) {
        struct dsi_wire_field field;

        status = dsi_wire_read(&reader, &field, err);
        if (status == DSINFER_OK) {
            status = check_field(&LEVELS[level], &field, &seen, err);
        }
        if (status == DSINFER_OK) {
            status = copy_field(&field, level, entry, out, err);
        }
    }
    return status;
}

enum dsinfer_status dsi_node_trim(const struct dsi_wire_field *node, struct dsi_trimmed_node *out,
                                  struct dsinfer_error *err) {
    struct entry none = {0};

    out->size = 0;
    memset(&out->content, 0, sizeof(out->content));
    memset(&out->name, 0, sizeof(out->name));
    return copy_message(node, LEVEL_NODE, &none, out, err);
}

void dsi_trimmed_node_finish(struct dsi_trimmed_node *node) {
    dsi_free(node->bytes);
    memset(node, 0, sizeof(*node));
}
