/* The directory at the end of a package, and the GraphDef it points to.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/memmapped/memmapped.h"

#include "model/graphdef/graphdef.h"
#include "model/graphdef/wire.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NAME_PREFIX "memmapped_package://"
#define GRAPH_NAME "memmapped_package://."

/* Size of the number at the end. */
#define TRAILER_SIZE ((size_t)8)

/* An element of the directory as the file gives it. */
struct element {
    uint64_t offset;
    uint64_t length;
    bool has_length;
    struct dsi_bytes name;
};

/* Finds the directory: false if its offset lies outside the file. */
static bool find_directory(struct dsi_bytes bytes, size_t *offset) {
    uint64_t number;

    if (bytes.size < TRAILER_SIZE) {
        return false;
    }
    number = dsi_load_u64(bytes.data + bytes.size - TRAILER_SIZE);
    if (number >= bytes.size - TRAILER_SIZE) {
        return false;
    }
    *offset = (size_t)number;
    return true;
}

static void start_directory(struct dsi_wire_reader *reader, struct dsi_bytes bytes, size_t offset) {
    const struct dsi_bytes directory = {bytes.data + offset, bytes.size - TRAILER_SIZE - offset};

    dsi_wire_reader_init(reader, directory, offset, "the directory");
}

static enum dsinfer_status read_element(const struct dsi_wire_field *message,
                                        struct element *element, struct dsinfer_error *err) {
    struct dsi_wire_reader reader;

    memset(element, 0, sizeof(*element));
    dsi_wire_reader_enter(&reader, message);
    while (!dsi_wire_is_at_end(&reader)) {
        struct dsi_wire_field field;
        enum dsinfer_status status = dsi_wire_read(&reader, &field, err);

        if (status != DSINFER_OK) {
            return status;
        }
        if (field.number == 1 && field.type == DSI_WIRE_VARINT) {
            element->offset = field.value;
        } else if (field.number == 2 && field.type == DSI_WIRE_BYTES) {
            element->name = field.bytes;
        } else if (field.number == 3 && field.type == DSI_WIRE_VARINT) {
            element->length = field.value;
            element->has_length = true;
        }
    }
    return DSINFER_OK;
}

/* The next element; *found is false after the last. */
static enum dsinfer_status next_element(struct dsi_wire_reader *reader, struct element *element,
                                        bool *found, struct dsinfer_error *err) {
    *found = false;
    while (!dsi_wire_is_at_end(reader)) {
        struct dsi_wire_field field;
        enum dsinfer_status status = dsi_wire_read(reader, &field, err);

        if (status != DSINFER_OK) {
            return status;
        }
        if (field.number == 1 && field.type == DSI_WIRE_BYTES) {
            *found = true;
            return read_element(&field, element, err);
        }
    }
    return DSINFER_OK;
}

static bool has_prefix(struct dsi_bytes name) {
    const size_t size = sizeof(NAME_PREFIX) - 1;

    return name.size >= size && memcmp(name.data, NAME_PREFIX, size) == 0;
}

bool dsi_memmapped_probe(struct dsi_bytes bytes) {
    struct dsi_wire_reader reader;
    struct element element;
    size_t offset;
    bool found;

    if (!find_directory(bytes, &offset)) {
        return false;
    }
    start_directory(&reader, bytes, offset);
    return next_element(&reader, &element, &found, NULL) == DSINFER_OK && found &&
           has_prefix(element.name);
}

/* Checks one element against the end of the one before it, and makes its region, which for now
 * reaches to the directory. */
static enum dsinfer_status make_region(const struct element *element, struct dsi_bytes bytes,
                                       size_t directory, struct dsi_region *out,
                                       struct dsinfer_error *err) {
    const int shown = dsi_wire_get_shown(element->name);
    const char *name = (const char *)element->name.data;

    if (!has_prefix(element->name)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the directory has a region '%.*s', but all names should start "
                        "with " NAME_PREFIX,
                        shown, name);
    }
    if (element->offset >= directory) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "region '%.*s' should begin at byte %" PRIu64
                        ", but the regions of this file of %zu bytes end at byte %zu",
                        shown, name, element->offset, bytes.size, directory);
    }
    if (element->has_length && element->length > directory - element->offset) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "region '%.*s' at byte %" PRIu64 " should have %" PRIu64
                        " bytes, but the regions of this file of %zu bytes end at byte %zu",
                        shown, name, element->offset, element->length, bytes.size, directory);
    }
    out->name = element->name;
    out->bytes.data = bytes.data + element->offset;
    out->bytes.size =
        element->has_length ? (size_t)element->length : directory - (size_t)element->offset;
    return DSINFER_OK;
}

/* Makes `previous` end where `region` begins, if it has no length of its own. */
static enum dsinfer_status end_region(struct dsi_region *previous, bool has_length,
                                      const struct dsi_region *region, const uint8_t *file,
                                      struct dsinfer_error *err) {
    const size_t offset = (size_t)(region->bytes.data - file);
    const size_t previous_offset = (size_t)(previous->bytes.data - file);

    if (offset <= previous_offset) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "region '%.*s' at byte %zu follows one at byte %zu, but offsets must rise",
                        dsi_wire_get_shown(region->name), (const char *)region->name.data, offset,
                        previous_offset);
    }
    if (!has_length) {
        previous->bytes.size = offset - previous_offset;
    } else if (previous->bytes.size > offset - previous_offset) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "region '%.*s' of %zu bytes at byte %zu overlaps the next, at byte %zu",
                        dsi_wire_get_shown(previous->name), (const char *)previous->name.data,
                        previous->bytes.size, previous_offset, offset);
    }
    return DSINFER_OK;
}

static enum dsinfer_status reserve_region(struct dsi_memmapped *package, size_t *capacity,
                                          struct dsinfer_error *err) {
    struct dsi_region *grown;
    size_t wanted;

    if (package->n_regions < *capacity) {
        return DSINFER_OK;
    }
    if (package->n_regions == DSI_MEMMAPPED_MAX_REGIONS) {
        return dsi_fail(err, DSINFER_ERR_LIMIT, "the directory has more than %zu regions",
                        DSI_MEMMAPPED_MAX_REGIONS);
    }
    wanted = *capacity ? 2 * *capacity : 16;
    wanted = wanted < DSI_MEMMAPPED_MAX_REGIONS ? wanted : DSI_MEMMAPPED_MAX_REGIONS;
    grown = dsi_realloc(package->regions, wanted * sizeof(*grown));
    if (!grown) {
        return dsi_fail_memory(err, wanted * sizeof(*grown));
    }
    package->regions = grown;
    *capacity = wanted;
    return DSINFER_OK;
}

static enum dsinfer_status read_directory(struct dsi_memmapped *package, struct dsi_bytes bytes,
                                          size_t directory, struct dsinfer_error *err) {
    struct dsi_wire_reader reader;
    struct element element;
    bool had_length = false;
    size_t capacity = 0;
    bool found;
    enum dsinfer_status status;

    start_directory(&reader, bytes, directory);
    status = next_element(&reader, &element, &found, err);
    while (status == DSINFER_OK && found) {
        struct dsi_region *region;

        status = reserve_region(package, &capacity, err);
        if (status != DSINFER_OK) {
            break;
        }
        region = &package->regions[package->n_regions];
        status = make_region(&element, bytes, directory, region, err);
        if (status == DSINFER_OK && package->n_regions > 0) {
            status = end_region(region - 1, had_length, region, bytes.data, err);
        }
        if (status == DSINFER_OK) {
            had_length = element.has_length;
            package->n_regions++;
            status = next_element(&reader, &element, &found, err);
        }
    }
    if (status == DSINFER_OK && package->n_regions == 0) {
        status =
            dsi_fail(err, DSINFER_ERR_MALFORMED, "the directory at byte %zu is empty", directory);
    }
    return status;
}

static int compare_names(struct dsi_bytes a, struct dsi_bytes b) {
    const size_t size = a.size < b.size ? a.size : b.size;
    const int order = memcmp(a.data, b.data, size);

    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_regions(const void *a, const void *b) {
    return compare_names(((const struct dsi_region *)a)->name,
                         ((const struct dsi_region *)b)->name);
}

static enum dsinfer_status check_unique(const struct dsi_memmapped *package,
                                        struct dsinfer_error *err) {
    size_t i;

    for (i = 1; i < package->n_regions; i++) {
        const struct dsi_bytes name = package->regions[i].name;

        if (compare_names(package->regions[i - 1].name, name) == 0) {
            return dsi_fail(err, DSINFER_ERR_MALFORMED, "the directory has two regions '%.*s'",
                            dsi_wire_get_shown(name), (const char *)name.data);
        }
    }
    return DSINFER_OK;
}

enum dsinfer_status dsi_memmapped_init(struct dsi_memmapped *package, struct dsi_bytes bytes,
                                       struct dsinfer_error *err) {
    struct dsi_memmapped made = {0};
    enum dsinfer_status status;
    size_t directory;

    if (!find_directory(bytes, &directory)) {
        return dsi_fail(err, DSINFER_ERR_MALFORMED,
                        "the last 8 bytes of a package hold the offset of its directory, but these "
                        "point outside the file of %zu bytes",
                        bytes.size);
    }
    status = read_directory(&made, bytes, directory, err);
    if (status == DSINFER_OK) {
        qsort(made.regions, made.n_regions, sizeof(*made.regions), compare_regions);
        status = check_unique(&made, err);
    }
    if (status == DSINFER_OK) {
        *package = made;
    } else {
        dsi_memmapped_finish(&made);
    }
    return status;
}

void dsi_memmapped_finish(struct dsi_memmapped *package) {
    dsi_free(package->regions);
    memset(package, 0, sizeof(*package));
}

bool dsi_memmapped_find(const struct dsi_memmapped *package, struct dsi_bytes name,
                        struct dsi_bytes *out) {
    const struct dsi_region key = {.name = name};
    const struct dsi_region *region = NULL;

    if (name.size) {
        region = bsearch(&key, package->regions, package->n_regions, sizeof(*package->regions),
                         compare_regions);
    }
    if (region) {
        *out = region->bytes;
    }
    return region != NULL;
}

/* dsi_memmapped_find for the reader of the GraphDef. */
static bool find_for_graphdef(const void *package, struct dsi_bytes name, struct dsi_bytes *out) {
    return dsi_memmapped_find(package, name, out);
}

static enum dsinfer_status find_graph(const struct dsi_memmapped *package, struct dsi_bytes *graph,
                                      struct dsinfer_error *err) {
    const struct dsi_bytes name = {(const uint8_t *)GRAPH_NAME, sizeof(GRAPH_NAME) - 1};

    return dsi_memmapped_find(package, name, graph)
               ? DSINFER_OK
               : dsi_fail(err, DSINFER_ERR_MALFORMED,
                          "the directory has no region '" GRAPH_NAME "', which holds the graph");
}

enum dsinfer_status dsi_memmapped_get_graph(struct dsi_bytes bytes, struct dsi_bytes *graph,
                                            struct dsinfer_error *err) {
    struct dsi_memmapped package = {0};
    enum dsinfer_status status = dsi_memmapped_init(&package, bytes, err);

    if (status == DSINFER_OK) {
        status = find_graph(&package, graph, err);
    }
    dsi_memmapped_finish(&package);
    return status;
}

enum dsinfer_status dsi_memmapped_read(struct dsi_graph *graph, struct dsi_bytes bytes,
                                       const struct dsi_mapped_file *file,
                                       struct dsinfer_error *err) {
    struct dsi_memmapped package = {0};
    enum dsinfer_status status;
    struct dsi_bytes graph_bytes;

    status = dsi_memmapped_init(&package, bytes, err);
    if (status == DSINFER_OK) {
        status = find_graph(&package, &graph_bytes, err);
    }
    if (status == DSINFER_OK) {
        const struct dsi_graphdef_regions regions = {&package, find_for_graphdef,
                                                     (size_t)(graph_bytes.data - bytes.data)};

        status = dsi_graphdef_read(graph, graph_bytes, file, &regions, err);
    }
    dsi_memmapped_finish(&package);
    return status;
}
