/* An OpenVINO IR as its XML says it: layers, ports and edges, nothing interpreted.
 *
 *     <net name="…" version="10 or 11">
 *       <layers>
 *         <layer id="7" name="h1/read" type="Const" version="opset1">
 *           <data element_type="f32" shape="64, 494" offset="48" size="126464"/>
 *           <input>  <port id="0"> <dim>16</dim> … </port> … </input>
 *           <output> <port id="2" precision="FP32" names="MatMul:0"> <dim>16</dim> … </port>
 * </output>
 *         </layer> …
 *       </layers>
 *       <edges> <edge from-layer="7" from-port="0" to-layer="8" to-port="1"/> … </edges>
 *     </net>
 *
 * The layers TensorIterator and Loop have a <port_map>, <back_edges> and a <body>, a net of its own
 * with its own ids. Order means nothing; ids of ports are looked up, as releases number them
 * differently. What else there is (rt_info, meta_data, …) is skipped.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef DSI_IR_NET_H
#define DSI_IR_NET_H

#include "runtime/base/arena.h"
#include "runtime/base/cursor.h"
#include "runtime/tensor/shape.h"

#include <dsinfer/status.h>

/* Largest document, deepest nesting of elements and of bodies, most layers of a net, ports of a
 * layer and bytes of everything that is kept. */
#define DSI_IR_MAX_XML_SIZE ((size_t)64 << 20)
#define DSI_IR_MAX_DEPTH 64
#define DSI_IR_MAX_BODIES 4
#define DSI_IR_MAX_LAYERS 32768
#define DSI_IR_MAX_PORTS 1024
#define DSI_IR_MAX_MEMORY ((size_t)64 << 20)

#define DSI_IR_NONE UINT32_MAX

struct dsi_ir_attr {
    const char *name, *value;
};

struct dsi_ir_port {
    uint32_t id;
    struct dsi_shape shape; /* -1: open */
    const char *names;      /* tensor names, separated by commas; "" if there are none */

    /* Of an input: the layer of the same net, and its output, that an edge leads from; NONE. */
    uint32_t source, source_port;
};

/* How a port of a layer is that of its body. */
struct dsi_ir_mapping {
    bool is_output;
    bool is_sliced; /* cut, or put together, along `axis` */
    int64_t port;   /* id of a port of the layer; -1: none */
    uint64_t layer; /* of the body: index (until linked, id) of a Parameter or Result */
    int64_t axis, start, end, stride, part_size;
    const char *purpose; /* of a Loop: "execution_condition", "current_iteration", "" */
};

/* What goes from one iteration into the next: indices of a Result and a Parameter of the body. */
struct dsi_ir_back_edge {
    uint64_t from, to;
};

struct dsi_ir_net;

struct dsi_ir_layer {
    uint32_t id;
    const char *name, *type;
    const struct dsi_ir_attr *data;
    size_t n_data;
    struct dsi_ir_port *inputs, *outputs;
    size_t n_inputs, n_outputs;
    struct dsi_ir_net *body; /* NULL: none */
    struct dsi_ir_mapping *mappings;
    size_t n_mappings;
    struct dsi_ir_back_edge *back_edges;
    size_t n_back_edges;
};

/* As written: ids. */
struct dsi_ir_edge {
    uint64_t from_layer, from_port, to_layer, to_port;
    unsigned long line;
};

struct dsi_ir_net {
    const char *name;
    struct dsi_ir_layer *layers;
    size_t n_layers;
    const struct dsi_ir_edge *edges;
    size_t n_edges;
};

/* Reads and links a document: every edge joins ports that exist, no input has two, ids are unique.
 * Everything lies in the arena, whose limit should be DSI_IR_MAX_MEMORY. Fails with ERR_MALFORMED
 * (the sentence names the line, or the layer), ERR_UNSUPPORTED (another version), ERR_LIMIT,
 * ERR_NO_MEMORY. */
enum dsinfer_status dsi_ir_net_read(struct dsi_bytes xml, struct dsi_arena *arena,
                                    struct dsi_ir_net *net, struct dsinfer_error *err);

/* For dsi_ir_net_read: turns the ids in the edges and mappings of a net and its bodies into
 * indices. */
enum dsinfer_status dsi_ir_net_link(struct dsi_ir_net *net, struct dsinfer_error *err);

/* The value of an attribute of <data>, or NULL. */
const char *dsi_ir_find_data(const struct dsi_ir_layer *layer, const char *name);

/* Attributes of <data>: `otherwise` where there is none. They fail with ERR_MALFORMED where there
 * is something else. */
enum dsinfer_status dsi_ir_get_int(const struct dsi_ir_layer *layer, const char *name,
                                   int64_t otherwise, int64_t *out, struct dsinfer_error *err);
enum dsinfer_status dsi_ir_get_bool(const struct dsi_ir_layer *layer, const char *name,
                                    bool otherwise, bool *out, struct dsinfer_error *err);

#endif
