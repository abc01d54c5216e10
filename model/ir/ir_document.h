/* An IR before it is written: layers, what they read, and where the values of constants come from.
 *
 * Layers are numbered from 0 in the order in which they are added, separately at the top and in the
 * body of the one TensorIterator; so are the ports of a layer, inputs first. Adding never fails
 * visibly: the document remembers that memory ran out, and its owner asks once at the end.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_IR_IR_DOCUMENT_H
#define DSI_IR_IR_DOCUMENT_H

#include "runtime/base/error.h"
#include "runtime/graph/graph.h"

#define DSI_IRW_MAX_INPUTS 7
#define DSI_IRW_MAX_OUTPUTS 3
#define DSI_IRW_MAX_MAPS 8

/* Constants begin at multiples of this, so that they can be used where they are mapped. */
#define DSI_IRW_ALIGNMENT 64

enum dsi_irw_type { DSI_IRW_F32, DSI_IRW_F16, DSI_IRW_I64, DSI_IRW_I32, DSI_IRW_I8, DSI_IRW_BOOL };

enum dsi_irw_source {
    DSI_IRW_BYTES,   /* `bytes` as they are */
    DSI_IRW_FLOATS,  /* a float tensor; `added` goes to its second quarter */
    DSI_IRW_COLUMNS, /* rows of a float matrix, transposed */
    DSI_IRW_SCALES,  /* of what COLUMNS of type I8 are: one for each row that comes out */
    DSI_IRW_ZEROS,   /* float zeros */
};

/* The values of a Const. With `is_gates` the four quarters of the source's columns, i, c, f, o, are
 * taken in the order f, i, c, o. */
struct dsi_irw_values {
    enum dsi_irw_source source;
    struct dsi_bytes bytes;
    struct dsi_tensor tensor; /* borrowed */
    size_t first_row, n_rows; /* of COLUMNS */
    bool is_gates;
    float added;         /* FLOATS with is_gates: to the forget gate */
    size_t offset, size; /* in the .bin; set by dsi_irw_lay_out */
};

/* Output `output` of layer `layer`. */
struct dsi_irw_ref {
    uint32_t layer;
    uint32_t output;
};

struct dsi_irw_output {
    enum dsi_irw_type type;
    struct dsi_shape shape;
    const char *names; /* of the tensor, a list as the format wants it but for XML; or NULL */
};

struct dsi_irw_layer {
    const char *name; /* unique among the layers beside it */
    const char *type;
    int opset;
    const char *data;     /* attributes as XML; NULL: none */
    const char *variable; /* of ReadValue and Assign: what is read or assigned */
    struct dsi_irw_ref inputs[DSI_IRW_MAX_INPUTS];
    size_t n_inputs;
    struct dsi_irw_output outputs[DSI_IRW_MAX_OUTPUTS];
    size_t n_outputs;
    struct dsi_irw_values values; /* of a Const */
    bool is_decompression;        /* a Convert behind a constant that is stored small */
};

struct dsi_irw_layers {
    struct dsi_irw_layer *items; /* owned */
    size_t n, capacity;
};

/* How a port of the TensorIterator and a Parameter or Result of its body belong together. */
struct dsi_irw_map {
    uint32_t port, layer;
    bool is_output;
    bool is_sliced; /* along axis 0 */
};

struct dsi_irw_document {
    struct dsi_arena arena;
    const char *name;
    int version;              /* 10 or 11 */
    enum dsi_irw_type floats; /* F32 or F16 */
    bool is_quantized;        /* matrices are I8 with a scale for each row */
    struct dsi_irw_layers top, body;
    struct dsi_irw_map maps[DSI_IRW_MAX_MAPS];
    size_t n_maps;
    uint32_t back_edges[2][2]; /* Result, Parameter */
    size_t n_back_edges;
    bool has_failed; /* memory ran out */
};

void dsi_irw_document_init(struct dsi_irw_document *document);
void dsi_irw_document_finish(struct dsi_irw_document *document); /* takes a zeroed one as well */

/* Appends a layer that reads `inputs` and has one output like `shape`, of the document's float
 * type. Its name is `name` and, where that is taken, a number. Lent until the next call: NULL when
 * memory ran out. */
struct dsi_irw_layer *dsi_irw_add(struct dsi_irw_document *document, struct dsi_irw_layers *layers,
                                  const char *name, const char *type,
                                  const struct dsi_irw_ref *inputs, size_t n_inputs,
                                  const struct dsi_shape *shape);

/* Output 0 of the layer that was added last. */
struct dsi_irw_ref dsi_irw_last(const struct dsi_irw_layers *layers);

/* Constants. Floats are stored as the document has them, behind a Convert where it is needed. */
struct dsi_irw_ref dsi_irw_add_ints(struct dsi_irw_document *document,
                                    struct dsi_irw_layers *layers, const char *name,
                                    const int64_t *values, size_t n_values);
struct dsi_irw_ref dsi_irw_add_floats(struct dsi_irw_document *document,
                                      struct dsi_irw_layers *layers, const char *name,
                                      const struct dsi_irw_values *values,
                                      const struct dsi_shape *shape);

/* The same for a matrix from COLUMNS, quantized where the document's are. */
struct dsi_irw_ref dsi_irw_add_matrix(struct dsi_irw_document *document,
                                      struct dsi_irw_layers *layers, const char *name,
                                      const struct dsi_irw_values *values,
                                      const struct dsi_shape *shape);

/* Text in the document's arena, printed; "" when memory ran out. */
const char *dsi_irw_print(struct dsi_irw_document *document, const char *format, ...)
    DSI_PRINTF(2, 3);

#endif
