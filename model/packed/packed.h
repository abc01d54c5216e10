/* Packed models (.dsinfer): a network ready to run, its weights as the kernels of one kind of
 * processor read them, in one precision. Opening one maps the file and reads its head; weights are
 * touched when they are used, and all processes that use the file share them.
 *
 *     at   0  8 bytes  "dsipackd"
 *          8  u32      version, 1
 *         12  u64      size of the file
 *         20  u64      size of the head, up to and with its checksum
 *         28           the head: facts, nodes, ports
 *   head - 8  u64      checksum of all before (runtime/base/hash.h)
 *                      then constants and packed weights, each at a multiple of 64, zeros between
 *
 * Little-endian; in the head numbers are protobuf's varints, but for places in the file, which are
 * u64, and text is its size and its bytes. The head is checked like that of any file; what the
 * weights say is believed, as in all formats (dsi_packed_check_data tells accidents).
 *
 * It is a cache: what it was made of is still needed where processor or version differ.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_MODEL_PACKED_H
#define DSI_MODEL_PACKED_H

#include "model/metadata.h"
#include "runtime/base/sink.h"
#include "runtime/kernels/kernels.h"

/* What a packed model says beside the graph. Bytes lie in the file. */
struct dsi_packed {
    bool is_packed; /* false: it is a model of another format, and nothing below is set */
    enum dsinfer_precision precision;
    struct dsi_bytes kernels;                   /* their name, for messages */
    struct dsi_bytes layouts[DSI_N_PRECISIONS]; /* of the weights; size 0: of none */
    struct dsi_metadata metadata;
    struct dsi_signature signature;
    uint64_t fingerprint; /* that of the model it was made of */
    uint64_t data_hash;   /* of constants and weights */
};

bool dsi_packed_probe(struct dsi_bytes bytes);

/* Makes a verified graph, fused, cut to its roles, whose weights are there only as packed forms.
 * Fails with ERR_MALFORMED, ERR_UNSUPPORTED for another version, ERR_LIMIT, ERR_NO_MEMORY; *graph
 * and *packed are then untouched. */
enum dsinfer_status dsi_packed_read(struct dsi_graph *graph, struct dsi_packed *packed,
                                    struct dsi_bytes bytes, const struct dsi_mapped_file *file,
                                    struct dsinfer_error *err);

/* The kernels read these layouts: ERR_MISMATCH says what to do where they do not. */
enum dsinfer_status dsi_packed_check_kernels(const struct dsi_packed *packed,
                                             const struct dsi_kernels *kernels,
                                             struct dsinfer_error *err);

/* Reads all constants and weights: ERR_MALFORMED where they are not what was written. */
enum dsinfer_status dsi_packed_check_data(uint64_t data_hash, const struct dsi_graph *graph,
                                          struct dsinfer_error *err);

/* Writes an open model, whose weights lie as its kernels want them. Fails with ERR_UNSUPPORTED for
 * a network that is not fused, ERR_IO, ERR_LIMIT, ERR_NO_MEMORY. */
enum dsinfer_status dsi_packed_write(struct dsinfer_model *model, const struct dsi_sink *sink,
                                     struct dsinfer_error *err);

/* Of both: one more piece of data. */
uint64_t dsi_packed_hash(uint64_t hash, struct dsi_bytes bytes);

#define DSI_PACKED_MAGIC "dsipackd"
#define DSI_PACKED_VERSION 1
#define DSI_PACKED_FIXED_SIZE 28 /* before the head */

/* Most of what a node may have, and the largest head. */
#define DSI_PACKED_MAX_ATTRS 64
#define DSI_PACKED_MAX_INTS 64
#define DSI_PACKED_MAX_FORMS 8
#define DSI_PACKED_MAX_TEXT 65536
#define DSI_PACKED_MAX_HEAD ((size_t)64 << 20)

/* What stands for a value: its bytes, or so many packed forms. */
#define DSI_PACKED_PLAIN 0

#endif
