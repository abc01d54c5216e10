#!/usr/bin/env python3
"""Writes the small OpenVINO IRs of tests/golden/irs with what they compute.

usage: make_irs.py FOLDER

One network with random weights (5 hidden units, 3 cells, 4 labels, 4 time steps), in the forms that
converters of different years give it. Expected numbers are computed here in float64, from the
weights as each file has them: NAME.npy holds logits [4,1,4], new h [1,3], new c [1,3] in a row.
inputs.npy holds windows [1,4,19,26], h [1,3], c [1,3] in a row.

  iterator   v10, TensorIterator; layers, ports and edges in reverse, odd ids, no tensor names,
             capital booleans, shapes of reshapes computed (ShapeOf, Gather, Concat)
  nchw       v10, TensorIterator; input [1,26,4,19]
  nchw-one   the same, both transpositions in one
  sequence   v11, LSTMSequence, weights in float16 behind Convert
  flat       v11, LSTMSequence whose lengths are taken from the shape of its input; reshapes in the
             place of transpositions
  loop       v11, Loop that gives all h and all c, states picked by GatherND; weights split off one
             matrix; Clamp
  int8       v10, TensorIterator; dense weights i8 with a scale per row, those of the LSTM u8 with
             zero points
  half       v10, float16 throughout, parameters as well

SPDX-License-Identifier: BSD-2-Clause
"""

import os
import sys

import numpy as np

T, W, F, H, C, L = 4, 19, 26, 5, 3, 4
F32, F16, I64, I32, I8, U8, BOOL = "f32", "f16", "i64", "i32", "i8", "u8", "boolean"
NUMPY = {F32: np.float32, F16: np.float16, I64: np.int64, I32: np.int32, I8: np.int8,
         U8: np.uint8, BOOL: np.uint8}
PRECISION = {F32: "FP32", F16: "FP16", I64: "I64", I32: "I32", I8: "I8", U8: "U8", BOOL: "BOOL"}


class Net:
    """Layers with their edges; a body shares the bytes of its net."""

    def __init__(self, blob=None, first_id=0, step=1):
        self.layers, self.edges = [], []
        self.blob = bytearray() if blob is None else blob
        self.next_id, self.step = first_id, step

    def add(self, kind, name, data, inputs, outputs, names=(), version="opset1", inner=""):
        """Inputs are (layer, port, shape, type); outputs are (shape, type). Returns such inputs."""
        layer = self.next_id
        self.next_id += self.step
        text = []
        if data:
            text.append("<data %s/>" % " ".join('%s="%s"' % item for item in data.items()))
        ports = []
        for i, (source, port, shape, _) in enumerate(inputs):
            ports.append((i, '<port id="%d">%s</port>' % (i, dims(shape))))
            self.edges.append((source, port, layer, i))
        if ports:
            text.append(("input", ports))
        ports, results = [], []
        for i, (shape, kind_of) in enumerate(outputs):
            at = len(inputs) + i + (self.step > 1)
            extra = ' names="%s"' % names[i] if i < len(names) and names[i] else ""
            ports.append((at, '<port id="%d" precision="%s"%s>%s</port>' %
                          (at, PRECISION[kind_of], extra, dims(shape))))
            results.append((layer, at, shape, kind_of))
        if ports:
            text.append(("output", ports))
        self.layers.append((layer, name, kind, version, text, inner))
        return results

    def const(self, name, values, kind):
        values = np.asarray(values)
        raw = values.astype(NUMPY[kind]).tobytes()
        offset = len(self.blob)
        self.blob += raw
        data = {"element_type": kind, "shape": ",".join(map(str, values.shape)),
                "offset": offset, "size": len(raw)}
        return self.add("Const", name, data, [], [(values.shape, kind)])[0]

    def text(self, is_reversed):
        out = []
        for layer, name, kind, version, parts, inner in order(self.layers, is_reversed):
            out.append('<layer id="%d" name="%s" type="%s" version="%s">' %
                       (layer, name, kind, version))
            pieces = []
            for part in parts:
                if isinstance(part, str):
                    pieces.append(part)
                else:
                    ports = "".join(text for _, text in order(part[1], is_reversed))
                    pieces.append("<%s>%s</%s>" % (part[0], ports, part[0]))
            out += order(pieces + ([inner] if inner else []), is_reversed)
            out.append("</layer>")
        edges = "\n".join('<edge from-layer="%d" from-port="%d" to-layer="%d" to-port="%d"/>' % edge
                          for edge in order(self.edges, is_reversed))
        parts = ["<layers>\n" + "\n".join(out) + "\n</layers>", "<edges>\n" + edges + "\n</edges>"]
        return "\n".join(order(parts, is_reversed))


def order(items, is_reversed):
    return list(reversed(items)) if is_reversed else list(items)


def dims(shape):
    return "".join("<dim>%d</dim>" % dim for dim in shape)


class Writer:
    def __init__(self, name, weights, **options):
        self.name, self.weights = name, weights
        self.o = {"form": "iterator", "kind": F32, "version": 10, "is_reversed": False,
                  "has_names": True, "nchw": None, "int8": False, "clamp": False,
                  "shapes": False, "is_turned": True, "is_flat": False}
        self.o.update(options)
        self.net = Net(first_id=7, step=3) if self.o["is_reversed"] else Net()
        self.used = {}

    def names(self, *names):
        return names if self.o["has_names"] else ()

    def convert(self, net, name, source):
        return net.add("Convert", name, {"destination_type": F32}, [source],
                       [(source[2], F32)])[0]

    def weight(self, net, name, key, values, channel_axis=0):
        """A matrix as this file has it; what it stands for goes to self.used[key]."""
        kind = self.o["kind"]
        if self.o["int8"] and key in "h1 h2 h3 h5 h6 w r":
            axes = tuple(i for i in range(values.ndim) if i != channel_axis)
            if key in "w r":
                low = np.minimum(values.min(axes, keepdims=True), 0.0)
                high = np.maximum(values.max(axes, keepdims=True), 0.0)
                scale = ((high - low) / 255).astype(np.float32)
                zero = np.round(-low / scale)
                stored = np.clip(np.round(values / scale) + zero, 0, 255)
                self.used[key] = (stored - zero) * scale.astype(np.float64)
                out = self.convert(net, name + "/f", net.const(name + "/q", stored, U8))
                zeros = self.convert(net, name + "/z", net.const(name + "/zq", zero, U8))
                out = net.add("Subtract", name + "/s", {"auto_broadcast": "numpy"}, [out, zeros],
                              [(values.shape, F32)])[0]
            else:
                scale = (np.abs(values).max(axes, keepdims=True) / 127).astype(np.float32)
                stored = np.round(values / scale)
                self.used[key] = stored * scale.astype(np.float64)
                out = self.convert(net, name + "/f", net.const(name + "/q", stored, I8))
            scales = net.const(name + "/scale", scale, F32)
            return net.add("Multiply", name, {"auto_broadcast": "numpy"}, [out, scales],
                           [(values.shape, F32)])[0]
        self.used[key] = values.astype(NUMPY[kind]).astype(np.float64)
        if kind == F16 and self.o["version"] == 11:
            return self.convert(net, name, net.const(name + "_compressed", values, F16))
        return net.const(name, values, kind)

    def dense(self, x, number, key, rows, is_clipped):
        net, w, b = self.net, self.weights["h" + key], self.weights["b" + key]
        kind = x[3]
        turned = self.o["is_turned"]
        matrix = self.weight(net, "h%s/read" % key, "h" + key, w.T if turned else w)
        if turned:
            self.used["h" + key] = self.used["h" + key].T
        flag = {True: "True", False: "False"} if self.o["is_reversed"] else \
            {True: "true", False: "false"}
        suffix = "_%d" % number if number else ""
        shape = (rows, w.shape[1])
        y = net.add("MatMul", "MatMul" + suffix,
                    {"transpose_a": flag[False], "transpose_b": flag[turned]}, [x, matrix],
                    [(shape, kind)])[0]
        bias = self.weight(net, "b%s/read" % key, "b" + key, b[None, :])
        y = net.add("Add", "Add" + suffix, {}, [y, bias], [(shape, kind)])[0]
        if not is_clipped:
            return y
        if self.o["clamp"]:
            return net.add("Clamp", "Clamp" + suffix, {"min": "0", "max": "2e+01"}, [y],
                           [(shape, kind)])[0]
        y = net.add("ReLU", "Relu" + suffix, None, [y], [(shape, kind)])[0]
        limit = net.const("Minimum%s/y" % suffix, np.full((1, 1), 20.0), kind)
        return net.add("Minimum", "Minimum" + suffix, {"auto_broadcast": "numpy"}, [y, limit],
                       [(shape, kind)])[0]

    def reshape(self, name, x, shape, target, names=()):
        net = self.net
        if self.o["shapes"] and target[0] == -1 and len(target) == 2:
            count = net.const(name + "/weights", np.zeros((1, target[1])), F32)
            of = net.add("ShapeOf", name + "/of", {"output_type": I64}, [count], [((2,), I64)],
                         version="opset3")[0]
            index = net.const(name + "/index", [1], I64)
            axis = net.const(name + "/axis", 0, I64)
            last = net.add("Gather", name + "/last", None, [of, index, axis], [((1,), I64)])[0]
            first = net.const(name + "/first", [-1], I64)
            to = net.add("Concat", name + "/to", {"axis": "0"}, [first, last], [((2,), I64)])[0]
        else:
            to = net.const(name + "/shape", target, I64)
        return net.add("Reshape", name, {"special_zero": "false"}, [x, to], [(shape, x[3])],
                       names=names)[0]

    def cell_weights(self, net):
        """W, R, B with gates f, i, c, o in rows; from i, c, f, o in columns."""
        order_of = np.r_[2 * C:3 * C, 0:C, C:2 * C, 3 * C:4 * C]
        k = self.weights["kernel"][:, order_of]
        bias = self.weights["bias"].copy()
        bias[2 * C:3 * C] += 1.0
        return k[:H].T, k[H:].T, bias[order_of]

    def body_of_cell(self, body, x, h, c, w, r, b, kind):
        axis = body.const("zero", [0], I64)
        flat = body.add("Squeeze", "squeeze", None, [x, axis], [((1, H), kind)])[0]
        data = {"hidden_size": C, "activations": "sigmoid, tanh, tanh", "activations_alpha": "",
                "activations_beta": "", "clip": "0"}
        h2, c2 = body.add("LSTMCell", "cell", data, [flat, h, c, w, r, b],
                          [((1, C), kind), ((1, C), kind)], version="opset4")
        up = body.add("Unsqueeze", "unsqueeze", None, [h2, axis], [((1, 1, C), kind)])[0]
        up_c = body.add("Unsqueeze", "unsqueeze_c", None, [c2, axis], [((1, 1, C), kind)])[0]
        return h2, c2, up, up_c

    def parameter(self, net, name, shape, kind, names=()):
        return net.add("Parameter", name, {"shape": ",".join(map(str, shape)),
                                           "element_type": kind}, [], [(shape, kind)],
                       names=names)[0]

    def iterator(self, x, h, c):
        kind = x[3]
        body = Net(self.net.blob, 11 if self.o["is_reversed"] else 0,
                   2 if self.o["is_reversed"] else 1)
        px = self.parameter(body, "px", (1, 1, H), kind)
        ph = self.parameter(body, "ph", (1, C), kind)
        pc = self.parameter(body, "pc", (1, C), kind)
        w, r, b = self.cell_weights(body)
        w = self.weight(body, "w", "w", w)
        r = self.weight(body, "r", "r", r)
        b = self.weight(body, "b", "b", b)
        h2, c2, up, _ = self.body_of_cell(body, px, ph, pc, w, r, b, kind)
        ids = []
        for name, value in (("rh", h2), ("rc", c2), ("ry", up)):
            ids.append(body.next_id)
            body.add("Result", name, None, [value], [])
        rh, rc, ry = ids
        first = 3 + (self.net.step > 1)
        mapping = [
            '<input axis="0" external_port_id="0" internal_layer_id="%d" part_size="1" stride="1"/>'
            % px[0],
            '<input external_port_id="1" internal_layer_id="%d"/>' % ph[0],
            '<input external_port_id="2" internal_layer_id="%d"/>' % pc[0],
            '<output axis="0" external_port_id="%d" internal_layer_id="%d" start="0" end="-1" '
            'part_size="1" stride="1"/>' % (first, ry),
            '<output external_port_id="%d" internal_layer_id="%d"/>' % (first + 1, rh),
            '<output external_port_id="%d" internal_layer_id="%d"/>' % (first + 2, rc)]
        edges = ['<edge from-layer="%d" to-layer="%d"/>' % pair
                 for pair in ((rh, ph[0]), (rc, pc[0]))]
        is_reversed = self.o["is_reversed"]
        inner = "<port_map>%s</port_map>\n<back_edges>%s</back_edges>\n<body>%s</body>" % (
            "".join(order(mapping, is_reversed)), "".join(order(edges, is_reversed)),
            body.text(is_reversed))
        return self.net.add("TensorIterator", "lstm_fused_cell/BlockLSTM/TensorIterator", None,
                            [x, h, c], [((T, 1, C), kind), ((1, C), kind), ((1, C), kind)],
                            names=self.names("lstm_fused_cell/mul:0",
                                             "lstm_fused_cell/GatherNd_1:0",
                                             "lstm_fused_cell/GatherNd:0"), inner=inner)

    def count_steps(self, x):
        """The number of steps of [1,T,H], for each stream, from its shape."""
        net = self.net
        of = net.add("ShapeOf", "count/of", {"output_type": I64}, [x], [((3,), I64)],
                     version="opset3")[0]
        index, axis = net.const("count/index", [1], I64), net.const("count/axis", 0, I64)
        count = net.add("Gather", "count/T", None, [of, index, axis], [((1,), I64)])[0]
        to = net.const("count/N", [1], I64)
        return net.add("Broadcast", "count", {"mode": "numpy"}, [count, to], [((1,), I64)],
                       version="opset3")[0]

    def sequence(self, x, h, c):
        net = self.net
        if self.o["is_flat"]:
            x = self.reshape("x", x, (1, T, H), (1, T, H))
        else:
            order_of = net.const("order", [1, 0, 2], I64)
            x = net.add("Transpose", "x", None, [x, order_of], [((1, T, H), F32)])[0]
        axis = net.const("axis", [1], I64)
        h = net.add("Unsqueeze", "h", None, [h, axis], [((1, 1, C), F32)])[0]
        c = net.add("Unsqueeze", "c", None, [c, axis], [((1, 1, C), F32)])[0]
        lengths = self.count_steps(x) if self.o["is_flat"] else net.const("lengths", [T], I64)
        w, r, b = self.cell_weights(net)
        w = self.weight(net, "w", "w", w[None])
        r = self.weight(net, "r", "r", r[None])
        b = self.weight(net, "b", "b", b[None])
        for key in "wrb":
            self.used[key] = self.used[key][0]
        data = {"direction": "forward", "hidden_size": C, "activations": "sigmoid, tanh, tanh",
                "activations_alpha": "", "activations_beta": "", "clip": "0"}
        y, h, c = net.add("LSTMSequence", "sequence", data, [x, h, c, lengths, w, r, b],
                          [((1, 1, T, C), F32), ((1, 1, C), F32), ((1, 1, C), F32)],
                          version="opset5")
        h = net.add("Squeeze", "TensorIterator.1", None, [h, axis], [((1, C), F32)],
                    names=("lstm_fused_cell/GatherNd_1,lstm_fused_cell/GatherNd_1:0",))[0]
        c = net.add("Squeeze", "TensorIterator.2", None, [c, axis], [((1, C), F32)],
                    names=("lstm_fused_cell/GatherNd,lstm_fused_cell/GatherNd:0",))[0]
        if self.o["is_flat"]:
            return self.reshape("y", y, (T, 1, C), (T, 1, C)), h, c
        order_of = net.const("order_y", [2, 1, 0, 3], I64)
        y = net.add("Transpose", "y", None, [y, order_of], [((T, 1, 1, C), F32)])[0]
        y = net.add("Squeeze", "TensorIterator.0", None, [y, axis], [((T, 1, C), F32)])[0]
        return y, h, c

    def loop(self, x, h, c):
        net = self.net
        count = net.const("count", [T], I32)
        condition = net.const("condition", [1], BOOL)
        w, r, b = self.cell_weights(net)
        both = net.const("kernel", np.vstack([w.T, r.T]), F32)
        self.used.update(w=w, r=r, b=b)
        axis = net.const("kernel/axis", 0, I64)
        sizes = net.const("kernel/sizes", [H, -1], I64)
        parts = net.add("VariadicSplit", "kernel/parts", None, [both, axis, sizes],
                        [((H, 4 * C), F32), ((C, 4 * C), F32)])
        order_of = net.const("kernel/order", [1, 0], I64)
        w = net.add("Transpose", "w", None, [parts[0], order_of], [((4 * C, H), F32)])[0]
        r = net.add("Transpose", "r", None, [parts[1], order_of], [((4 * C, C), F32)])[0]
        b = net.const("b", b, F32)
        body = Net(net.blob)
        shapes = [(1, 1, H), (1, C), (1, C), (4 * C, H), (4 * C, C), (4 * C,)]
        p = [self.parameter(body, "p%d" % i, shape, F32) for i, shape in enumerate(shapes)]
        h2, c2, up, up_c = self.body_of_cell(body, *p, F32)
        goes_on = body.const("goes_on", [1], BOOL)
        ids = []
        for value in (goes_on, h2, c2, up, up_c):
            ids.append(body.next_id)
            body.add("Result", "result%d" % body.next_id, None, [value], [])
        mapping = ['<input axis="0" external_port_id="2" internal_layer_id="0" start="0" end="-1" '
                   'stride="1" part_size="1"/>']
        mapping += ['<input external_port_id="%d" internal_layer_id="%d"/>' % (i + 2, i)
                    for i in range(1, 6)]
        mapping += ['<output axis="0" external_port_id="%d" internal_layer_id="%d" start="0" '
                    'end="-1" stride="1" part_size="1"/>' % (8 + i, ids[3 + i]) for i in range(2)]
        mapping.append('<output external_port_id="-1" internal_layer_id="%d" '
                       'purpose="execution_condition"/>' % ids[0])
        inner = "<port_map>%s</port_map><back_edges>%s</back_edges><body>%s</body>" % (
            "".join(mapping), "".join('<edge from-layer="%d" to-layer="%d"/>' % pair
                                      for pair in ((ids[1], 1), (ids[2], 2))), body.text(False))
        y, all_c = net.add("Loop", "Loop_1", None, [count, condition, x, h, c, w, r, b],
                           [((T, 1, C), F32), ((T, 1, C), F32)], version="opset5", inner=inner)
        # As the frontend leaves the mask: all ones, between two transpositions.
        order_of = net.const("order", [1, 0, 2], I64)
        y = net.add("Transpose", "y1", None, [y, order_of], [((1, T, C), F32)])[0]
        y = net.add("Concat", "y2", {"axis": 1}, [y], [((1, T, C), F32)])[0]
        y = net.add("Multiply", "y3", {"auto_broadcast": "numpy"},
                    [y, net.const("ones", np.ones((1, T, C)), F32)], [((1, T, C), F32)])[0]
        y = net.add("Transpose", "lstm_fused_cell/mul", None, [y, order_of], [((T, 1, C), F32)])[0]
        zero = net.const("axis", [0], I64)
        index = net.const("index", [[T, 0]], I64)
        states = []
        for name, first, rows in (("lstm_fused_cell/GatherNd_1", h, y),
                                  ("lstm_fused_cell/GatherNd", c, all_c)):
            first = net.add("Unsqueeze", name + "/first", None, [first, zero],
                            [((1, 1, C), F32)])[0]
            rows = net.add("Concat", name + "/rows", {"axis": 0}, [first, rows],
                           [((T + 1, 1, C), F32)])[0]
            states.append(net.add("GatherND", name, {"batch_dims": 0}, [rows, index],
                                  [((1, C), F32)], names=(name + ":0",), version="opset8")[0])
        return y, states[0], states[1]

    def features(self, kind):
        net, nchw = self.net, self.o["nchw"]
        shape = (1, F, T, W) if nchw else (1, T, W, F)
        x = self.parameter(net, "input_node", shape, kind, self.names("input_node:0"))
        if nchw == "two":
            order_of = net.const("back", [0, 2, 3, 1], I64)
            x = net.add("Transpose", "back", None, [x, order_of], [((1, T, W, F), kind)])[0]
        perm = [2, 0, 3, 1] if nchw == "one" else [1, 0, 2, 3]
        order_of = net.const("transpose/perm", perm, I64)
        return net.add("Transpose", "transpose", None, [x, order_of], [((T, 1, W, F), kind)])[0]

    def write(self, folder):
        net = self.net
        kind = F16 if self.o["kind"] == F16 and self.o["version"] == 10 else F32
        # c first: order is no guide.
        tail = "/placeholder_port_0" if self.o["version"] == 10 else ""
        c = self.parameter(net, "previous_state_c/read" + tail, (1, C), kind,
                           self.names("previous_state_c/read,previous_state_c/read:0"))
        h = self.parameter(net, "previous_state_h/read" + tail, (1, C), kind,
                           self.names("previous_state_h/read,previous_state_h/read:0"))
        x = self.features(kind)
        x = self.reshape("Reshape", x, (T, W * F), (-1, W * F))
        for number, key in enumerate(("1", "2", "3")):
            x = self.dense(x, number, key, T, True)
        x = self.reshape("Reshape_1", x, (T, 1, H), (T, 1, H))
        y, h, c = getattr(self, self.o["form"])(x, h, c)
        y = self.reshape("Reshape_2", y, (T, C), (-1, C))
        y = self.dense(y, 3, "5", T, True)
        y = self.dense(y, 4, "6", T, False)
        y = self.reshape("raw_logits", y, (T, 1, L), (T, 1, L), self.names("raw_logits:0"))
        for value, name in ((y, "raw_logits"), (c, "lstm_fused_cell/GatherNd"),
                            (h, "lstm_fused_cell/GatherNd_1")):
            net.add("Result", name + "/sink_port_0", None, [value], [])
        text = '<?xml version="1.0"?>\n<net name="%s" version="%d">\n%s\n</net>\n' % (
            self.name, self.o["version"], net.text(self.o["is_reversed"]))
        with open(os.path.join(folder, self.name + ".xml"), "w", encoding="utf-8") as file:
            file.write(text)
        with open(os.path.join(folder, self.name + ".bin"), "wb") as file:
            file.write(net.blob)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def compute(used, windows, h, c):
    def dense(x, key):
        return np.clip(x @ used["h" + key] + used["b" + key][0], 0.0, 20.0)

    x = windows.astype(np.float64).reshape(T, W * F)
    h, c = h.astype(np.float64), c.astype(np.float64)
    for key in "123":
        x = dense(x, key)
    rows = []
    for t in range(T):
        f, i, g, o = np.split(used["w"] @ x[t] + used["r"] @ h[0] + used["b"], 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        rows.append(h[0])
    y = dense(np.array(rows), "5") @ used["h6"] + used["b6"][0]
    return np.concatenate([y.ravel(), h.ravel(), c.ravel()]).astype(np.float32)


def main():
    folder = sys.argv[1]
    rng = np.random.default_rng(11)
    weights = {}
    for key, rows, columns in (("1", W * F, H), ("2", H, H), ("3", H, H), ("5", C, H), ("6", H, L)):
        weights["h" + key] = rng.standard_normal((rows, columns)) * (1.0 / np.sqrt(rows))
        weights["b" + key] = rng.standard_normal(columns) * 0.5
    weights["kernel"] = rng.standard_normal((H + C, 4 * C))
    weights["bias"] = rng.standard_normal(4 * C) * 0.5
    weights = {key: value.astype(np.float32).astype(np.float64) for key, value in weights.items()}
    windows = rng.standard_normal((1, T, W, F)).astype(np.float32)
    h = (rng.standard_normal((1, C)) * 0.5).astype(np.float32)
    c = rng.standard_normal((1, C)).astype(np.float32)
    np.save(os.path.join(folder, "inputs.npy"),
            np.concatenate([windows.ravel(), h.ravel(), c.ravel()]))
    variants = {
        "iterator": dict(is_reversed=True, has_names=False, shapes=True),
        "nchw": dict(nchw="two"),
        "nchw-one": dict(nchw="one"),
        "sequence": dict(form="sequence", version=11, kind=F16),
        "flat": dict(form="sequence", version=11, is_flat=True),
        "loop": dict(form="loop", version=11, clamp=True, is_turned=False),
        "int8": dict(int8=True),
        "half": dict(kind=F16),
    }
    for name, options in variants.items():
        writer = Writer(name, weights, **options)
        writer.write(folder)
        np.save(os.path.join(folder, name + ".npy"), compute(writer.used, windows, h, c))


main()
