/* The end of an IR, where its makers sign:
 *
 *     <meta_data> <MO_version value="2021.4.2-…"/>              version 10, Model Optimizer
 *         <cli_parameters> <input value="…"/> … </cli_parameters> </meta_data>
 *     <rt_info> <MO_version value="2023.3.0-…"/> <Runtime_version value="…"/>      version 11
 *         <conversion_parameters> <input value="…"/> … </conversion_parameters> </rt_info>
 *     <rt_info> <producer value="dsinfer 1.0"/> </rt_info>
 *
 * Newer releases also write <info name="KEY" value="…"/>, as key "OpenVINO Runtime". Model
 * Optimizer lists all flags, given or not; kept are those that say something about a network of
 * this kind. SPDX-License-Identifier: BSD-2-Clause */
#include "model/ir/ir_origin.h"

#include "model/ir/ir_net.h"
#include "model/ir/ir_text.h"
#include "runtime/base/alloc.h"
#include "runtime/base/error.h"

#include <expat.h>
#include <string.h>

struct reader {
    XML_Parser parser;
    struct dsi_origin *origin;
    size_t depth;      /* of open elements */
    bool is_in_origin; /* in meta_data or rt_info of the net */
    bool is_in_flags;  /* in its flags */
};

static bool is_one_of(const char *const *names, const char *name) {
    for (; *names; names++) {
        if (strcmp(*names, name) == 0) {
            return true;
        }
    }
    return false;
}

static void add_program(struct dsi_origin *origin, const char *key, const char *value) {
    static const char own[] = "dsinfer ";

    if (strcmp(key, "MO_version") == 0) {
        dsi_origin_add(origin, "", "Model Optimizer", value);
    } else if (strcmp(key, "Runtime_version") == 0 || strcmp(key, "OpenVINO Runtime") == 0) {
        dsi_origin_add(origin, "", "OpenVINO", value);
    } else if (strcmp(key, "producer") == 0 && strncmp(value, own, sizeof(own) - 1) == 0) {
        dsi_origin_add(origin, "", "dsinfer", value + sizeof(own) - 1);
    }
}

/* "True" is a flag without a value, "False" and nothing one that was not given. */
static void add_flag(struct dsi_origin *origin, const char *key, const char *value) {
    static const char *const flags[] = {"batch",
                                        "compress_to_fp16",
                                        "data_type",
                                        "disable_nhwc_to_nchw",
                                        "freeze_placeholder_with_value",
                                        "input",
                                        "input_model",
                                        "input_shape",
                                        "output",
                                        "static_shape",
                                        "transform",
                                        "use_legacy_frontend",
                                        "use_new_frontend",
                                        NULL};

    if (is_one_of(flags, key) && *value && !dsi_ir_is_equal(value, "false")) {
        dsi_origin_add(origin, "--", key, dsi_ir_is_equal(value, "true") ? "" : value);
    }
}

static const char *find(const XML_Char **attrs, const char *name) {
    for (; *attrs; attrs += 2) {
        if (strcmp(attrs[0], name) == 0) {
            return attrs[1];
        }
    }
    return NULL;
}

static void XMLCALL on_start(void *data, const XML_Char *name, const XML_Char **attrs) {
    static const char *const origins[] = {"meta_data", "rt_info", NULL};
    static const char *const flags[] = {"cli_parameters", "conversion_parameters", NULL};
    struct reader *reader = data;
    const char *value = find(attrs, "value");
    const char *key = find(attrs, "name");
    const size_t depth = reader->depth++;

    key = strcmp(name, "info") == 0 && key ? key : name;
    if (depth == 1) {
        reader->is_in_origin = is_one_of(origins, name);
    } else if (depth == 2) {
        reader->is_in_flags = reader->is_in_origin && is_one_of(flags, key);
        if (reader->is_in_origin && value) {
            add_program(reader->origin, key, value);
        }
    } else if (depth == 3 && reader->is_in_flags && value) {
        add_flag(reader->origin, key, value);
    }
}

static void XMLCALL on_end(void *data, const XML_Char *name) {
    struct reader *reader = data;

    (void)name;
    reader->depth--;
    reader->is_in_flags = reader->is_in_flags && reader->depth > 2;
    reader->is_in_origin = reader->is_in_origin && reader->depth > 1;
}

/* Entities are never declared. */
static void XMLCALL on_doctype(void *data, const XML_Char *name, const XML_Char *system_id,
                               const XML_Char *public_id, int has_subset) {
    struct reader *reader = data;

    (void)name, (void)system_id, (void)public_id, (void)has_subset;
    (void)XML_StopParser(reader->parser, XML_FALSE);
}

enum dsinfer_status dsi_ir_read_origin(struct dsi_origin *origin, struct dsi_bytes xml,
                                       struct dsinfer_error *err) {
    static const XML_Memory_Handling_Suite memory = {dsi_malloc, dsi_realloc, dsi_free};
    struct reader reader = {.origin = origin};
    bool has_no_memory;

    if (xml.size > DSI_IR_MAX_XML_SIZE) {
        return DSINFER_OK;
    }
    reader.parser = XML_ParserCreate_MM(NULL, &memory, NULL);
    if (!reader.parser) {
        return dsi_fail_memory(err, sizeof(reader));
    }
    XML_SetUserData(reader.parser, &reader);
    XML_SetElementHandler(reader.parser, on_start, on_end);
    XML_SetStartDoctypeDeclHandler(reader.parser, on_doctype);
    (void)XML_Parse(reader.parser, (const char *)xml.data, (int)xml.size, XML_TRUE);
    has_no_memory = XML_GetErrorCode(reader.parser) == XML_ERROR_NO_MEMORY;
    XML_ParserFree(reader.parser);
    return has_no_memory || origin->has_failed ? dsi_fail_memory(err, DSI_ORIGIN_MAX_TEXT)
                                               : DSINFER_OK;
}
