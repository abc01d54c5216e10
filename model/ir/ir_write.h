/* From a network to an OpenVINO IR, and from there to its two files.
 *
 * Version 10 is for OpenVINO 2021.1 and later, 11 for 2022.1 and later. The LSTM is a
 * TensorIterator around an LSTMCell (opset4), or with lengths of its own an LSTMSequence (opset5);
 * its states are inputs, or ReadValue and Assign (opset3); all else is of opset1. Weights are
 * [out,in], gates in the order f, i, c, o, the forget bias is in the bias. Quantized weights are
 * Const i8, Convert, Multiply by a scale for each row, its largest magnitude / 127.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_IR_IR_WRITE_H
#define DSI_IR_IR_WRITE_H

#include "model/ir/ir_document.h"
#include "model/signature.h"
#include "runtime/base/sink.h"

/* What an input or output is called. */
struct dsi_irw_port_names {
    const char *layer; /* name of the Parameter, or of the layer that makes the output */
    const char *names; /* of its tensor, as in dsi_irw_output */
};

struct dsi_irw_result {
    struct dsi_irw_port_names names;
    struct dsi_port port; /* in the network */
    bool is_flat;         /* [T*N,D] instead of [T,N,D] */
};

/* A value of rows that is an input: a Placeholder of the network's that is none of its own. */
struct dsi_irw_cut {
    struct dsi_irw_port_names names;
    uint32_t node;
    int64_t width;
    bool is_flat; /* as in a result */
};

struct dsi_irw_request {
    const struct dsi_graph *network; /* fused; its outputs are those of `results` */
    int64_t n_streams, n_steps;
    struct dsi_irw_port_names inputs[DSI_ROLE_LENGTHS + 1];
    const struct dsi_irw_result *results;
    size_t n_results;
    const struct dsi_irw_cut *cuts;
    size_t n_cuts;
    const int64_t *lengths; /* [n_streams]; NULL: all n_steps */
    bool has_lengths_input; /* they are an input of the IR */
    bool is_stateful;       /* h and c are variables, which are zero at first, and no inputs */
};

/* Fills in the layers of an initialised document. Fails with ERR_UNSUPPORTED for what an IR cannot
 * say, and with ERR_NO_MEMORY. */
enum dsinfer_status dsi_irw_build(struct dsi_irw_document *document,
                                  const struct dsi_irw_request *request, struct dsinfer_error *err);

/* Gives every constant its place; the size of the .bin in *size. */
enum dsinfer_status dsi_irw_lay_out(struct dsi_irw_document *document, size_t *size,
                                    struct dsinfer_error *err);

/* Write a document that has been laid out. Fail with ERR_IO when the sink does, and with
 * ERR_NO_MEMORY. */
enum dsinfer_status dsi_irw_write_xml(const struct dsi_irw_document *document,
                                      const struct dsi_sink *sink, struct dsinfer_error *err);
enum dsinfer_status dsi_irw_write_bin(const struct dsi_irw_document *document,
                                      const struct dsi_sink *sink, struct dsinfer_error *err);

#endif
