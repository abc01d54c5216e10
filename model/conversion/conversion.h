/* A conversion on its way from the model to the files.
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_CONVERSION_CONVERSION_H
#define DSI_CONVERSION_CONVERSION_H

#include "model/conversion/flags.h"
#include "model/format.h"
#include "model/graphdef/pieces.h"
#include "model/ir/ir_write.h"
#include "runtime/base/mapped_file.h"
#include "runtime/kernels/kernels.h"

#include <dsinfer/convert.h>

#define DSI_CONVERSION_MAX_NOTES 16
#define DSI_CONVERSION_MAX_PASSES 16
#define DSI_CONVERSION_MAX_PORTS (DSI_ROLE_LENGTHS + 1 + 2 * DSI_FLAGS_MAX_ITEMS)

/* Time steps and streams where the model leaves them open, and the most that are written. */
#define DSI_CONVERSION_N_STEPS 16
#define DSI_CONVERSION_MAX_STEPS 65536

struct dsi_op_counts;

/* An input that is none of the network's own. */
struct dsi_conversion_cut {
    struct dsi_port port; /* in the file's graph */
    bool has_shape;
    struct dsi_shape shape; /* that the user gives it */
};

struct dsinfer_conversion {
    struct dsi_mapped_file file;
    struct dsi_mapped_file weights; /* of a model in two files */
    const struct dsi_model_format *from;
    struct dsi_graph graph; /* as in the file */
    struct dsi_signature signature;
    enum dsinfer_convert_format format;
    struct dsinfer_model *model;      /* a reference; that is packed */
    struct dsi_pieces pieces;         /* of a .pb or .pbmm; in the document's arena */
    struct dsi_graph network;         /* of an IR, as all that follows up to the ports */
    struct dsi_irw_document document; /* also owns the texts below */

    int64_t n_streams, n_steps; /* 0 until they are known */
    const int64_t *lengths;     /* [n_streams]; NULL: all n_steps, or an input */
    bool has_lengths_input;
    struct dsi_conversion_cut cuts[DSI_FLAGS_MAX_ITEMS];
    struct dsi_irw_cut written_cuts[DSI_FLAGS_MAX_ITEMS];
    size_t n_cuts;
    struct dsi_irw_result results[DSI_FLAGS_MAX_ITEMS];
    int result_roles[DSI_FLAGS_MAX_ITEMS]; /* enum dsi_role, or -1 */
    size_t n_results;
    bool is_redirected, is_stateful;
    size_t bin_size;

    struct dsinfer_convert_port ports[DSI_CONVERSION_MAX_PORTS];
    size_t n_ports;
    const char *notes[DSI_CONVERSION_MAX_NOTES];
    size_t n_notes;
    const char *passes[DSI_CONVERSION_MAX_PASSES]; /* what they did */
    size_t n_passes;
    struct dsi_op_counts *counts; /* of passes.c, after the last pass; in the arena */
    const char *flags;
};

/* Make what is written, ports and flags. The graph has been read. Fail with ERR_ARGUMENT,
 * ERR_UNSUPPORTED, ERR_LIMIT and ERR_NO_MEMORY. */
enum dsinfer_status dsi_conversion_make_ir(struct dsinfer_conversion *conversion,
                                           const struct dsinfer_convert_options *options,
                                           struct dsinfer_error *err);
enum dsinfer_status dsi_conversion_make_frozen(struct dsinfer_conversion *conversion,
                                               const struct dsinfer_convert_options *options,
                                               struct dsinfer_error *err);

enum dsinfer_status dsi_conversion_make_packed(struct dsinfer_conversion *conversion,
                                               const char *path,
                                               const struct dsinfer_convert_options *options,
                                               struct dsinfer_error *err);

/* Flags that say how an IR is to be have no meaning in another file: ERR_ARGUMENT. */
enum dsinfer_status dsi_conversion_check_plain(const struct dsinfer_convert_options *options,
                                               struct dsinfer_error *err);

/* Ports by the roles of the signature. */
void dsi_conversion_describe_roles(struct dsinfer_conversion *conversion);

/* Ports, flags and the last passes, of an IR that has been laid out. Fails with ERR_NO_MEMORY. */
enum dsinfer_status dsi_conversion_describe(struct dsinfer_conversion *conversion,
                                            const struct dsinfer_convert_options *options,
                                            struct dsinfer_error *err);

/* Decides inputs, outputs and sizes by the options. The graph has been read. Fails with
 * ERR_ARGUMENT. */
enum dsinfer_status dsi_conversion_resolve(struct dsinfer_conversion *conversion,
                                           const struct dsinfer_convert_options *options,
                                           struct dsinfer_error *err);

/* The node of that name; false if there is none. */
bool dsi_conversion_find_node(const struct dsinfer_conversion *conversion, struct dsi_bytes name,
                              uint32_t *out);

/* The value that a flag names; as input, what a cut there would replace. Fails with ERR_ARGUMENT
 * and the nearest name. */
enum dsinfer_status dsi_conversion_find_value(struct dsinfer_conversion *conversion,
                                              const char *flag, struct dsi_bytes name,
                                              bool is_output, struct dsi_port *out,
                                              struct dsinfer_error *err);

/* Keeps a remark for the user; those beyond the limit are lost. */
void dsi_conversion_add_note(struct dsinfer_conversion *conversion, const char *text);

/* Keeps what a pass did; the second words it, as dsi_convert_watch.see for a conversion. */
void dsi_conversion_add_pass(struct dsinfer_conversion *conversion, const char *text);
void dsi_conversion_see_pass(void *user, const char *pass, const struct dsi_graph *graph);

/* `role` is an enum dsi_role, or -1; the name is lent. */
void dsi_conversion_add_port(struct dsinfer_conversion *conversion, int role, const char *name,
                             bool is_output, const struct dsi_shape *shape);

/* What the file calls a value: the node that makes it. */
const char *dsi_conversion_get_name(const struct dsinfer_conversion *conversion,
                                    struct dsi_port port);

#endif
