/* A conversion between frozen graphs (.pb) and memory-mapped packages (.pbmm).
 * SPDX-License-Identifier: BSD-2-Clause */
#include "model/conversion/conversion.h"

#include "model/bidirectional.h"
#include "model/memmapped/memmapped.h"
#include "model/memmapped/memmapped_write.h"
#include "runtime/base/error.h"

#include <string.h>

enum dsinfer_status dsi_conversion_check_plain(const struct dsinfer_convert_options *options,
                                               struct dsinfer_error *err) {
    const char *flag = options->input                          ? "--input"
                       : options->input_shape                  ? "--input_shape"
                       : options->output                       ? "--output"
                       : options->freeze                       ? "--freeze_placeholder_with_value"
                       : options->type != DSINFER_CONVERT_FP32 ? "--data_type"
                       : options->is_int8                      ? "--quantize"
                       : options->is_stateful                  ? "--stateful"
                                                               : NULL;

    if (flag) {
        return dsi_fail(err, DSINFER_ERR_ARGUMENT,
                        "%s says what an IR is made of; a graph in another file stays as it is",
                        flag);
    }
    return DSINFER_OK;
}

void dsi_conversion_describe_roles(struct dsinfer_conversion *conversion) {
    const struct dsi_signature *signature = &conversion->signature;
    const int64_t windows[] = {signature->n_streams, signature->n_steps,
                               (int64_t)(2 * signature->n_context + 1),
                               (int64_t)signature->n_features};
    const int64_t state[] = {signature->n_streams, (int64_t)signature->n_cell};
    const int64_t logits[] = {signature->n_steps, signature->n_streams,
                              (int64_t)signature->n_labels};
    int role;

    for (role = 0; role < DSI_N_ROLES; role++) {
        const struct dsi_port port = signature->ports[role];
        const struct dsi_shape shape = role == DSI_ROLE_WINDOWS   ? dsi_shape_make(4, windows)
                                       : role == DSI_ROLE_LOGITS  ? dsi_shape_make(3, logits)
                                       : role == DSI_ROLE_LENGTHS ? dsi_shape_make(1, state)
                                                                  : dsi_shape_make(2, state);

        if (role != DSI_ROLE_LENGTHS || signature->has_lengths) {
            dsi_conversion_add_port(conversion, role, dsi_conversion_get_name(conversion, port),
                                    role >= DSI_ROLE_LOGITS, &shape);
        }
    }
}

enum dsinfer_status dsi_conversion_make_frozen(struct dsinfer_conversion *conversion,
                                               const struct dsinfer_convert_options *options,
                                               struct dsinfer_error *err) {
    const bool is_package = options->format == DSINFER_CONVERT_PBMM;
    struct dsi_bytes graphdef = conversion->file.bytes;
    enum dsinfer_status status = dsi_conversion_check_plain(options, err);

    if (status == DSINFER_OK && strcmp(conversion->from->name, "memmapped") == 0) {
        status = dsi_memmapped_get_graph(conversion->file.bytes, &graphdef, err);
    } else if (status == DSINFER_OK && strcmp(conversion->from->name, "graphdef") != 0) {
        status = dsi_fail(err, DSINFER_ERR_UNSUPPORTED,
                          "only frozen graphs (.pb) and packages (.pbmm) can become either");
    }
    if (status == DSINFER_OK) {
        status = dsi_memmapped_lay_out(&conversion->pieces, graphdef, &conversion->graph,
                                       is_package, err);
    }
    if (status == DSINFER_OK) {
        dsi_conversion_add_pass(
            conversion, dsi_irw_print(&conversion->document, "write: %zu nodes in %zu bytes",
                                      conversion->graph.n_nodes, conversion->pieces.size));
    }
    if (status == DSINFER_OK && !dsi_bidirectional_probe(&conversion->graph) &&
        dsi_signature_find(&conversion->graph, &conversion->signature, NULL) == DSINFER_OK) {
        dsi_conversion_describe_roles(conversion); /* of other graphs nothing is known */
    }
    if (conversion->document.has_failed) {
        status = dsi_fail_memory(err, 0);
    }
    conversion->flags = is_package ? "--to pbmm" : "--to pb";
    return status;
}
