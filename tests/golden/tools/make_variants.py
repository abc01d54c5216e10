#!/usr/bin/env python3
"""Makes the graphs in tests/golden/variants: what the exporter writes with other flags, and
networks that are not fused.

usage: make_variants.py GRAPH.pb FOLDER

GRAPH.pb is a genuine graph of release 0.3.0 with sequence lengths and 16 steps, for example
../shared/oracle/graphs/errors/intact.pb. It is cut down to 4 cells (the first 4 of each layer), so
that the files stay small, and edited:

    no-lengths    as exported with --use_seq_length=False: no mask, the last rows are the states
    open-steps    as exported with --n_steps -1: any number of steps
    one-step      as exported with --n_steps 1
    ten-steps     as exported with --n_steps 10
    frozen        lengths frozen to 16, all steps
    frozen-short  lengths frozen to 7: no network of free length
    peepholes     a BlockLSTM that uses its peepholes

Beside each NAME.pb goes NAME.npy, float32: logits [T,29], new h [4] and new c [4], one after the
other, as numpy computes them in float64 from the weights, for the windows and states that
make_inputs() describes.

Needs Python 3 and numpy.

SPDX-License-Identifier: BSD-2-Clause
"""
import struct
import sys

import numpy as np

N_CELL = 4
N_LABELS = 29
PEEPHOLE = 0.5
CELL = "lstm_fused_cell/"


# --- protobuf: a message is a list of [field, wire type, value] ----------------------------------

def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def parse(data):
    fields, at = [], 0
    while at < len(data):
        key, at = read_varint(data, at)
        field, wire = key >> 3, key & 7
        if wire == 0:
            value, at = read_varint(data, at)
        else:
            size, at = read_varint(data, at) if wire == 2 else ({1: 8, 5: 4}[wire], at)
            value, at = data[at:at + size], at + size
        fields.append([field, wire, value])
    return fields


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def serialize(fields):
    out = bytearray()
    for field, wire, value in fields:
        out += varint(field << 3 | wire)
        if wire == 0:
            out += varint(value)
        else:
            out += (varint(len(value)) if wire == 2 else b"") + value
    return bytes(out)


# --- nodes ---------------------------------------------------------------------------------------

TYPES = {np.dtype(np.float32): 1, np.dtype(np.int32): 3, np.dtype(np.int64): 9}


class Node:
    def __init__(self, name, op, inputs=(), attrs=None):
        self.name, self.op = name, op
        self.inputs, self.attrs = list(inputs), dict(attrs or {})

    def serialize(self):
        fields = [[1, 2, self.name.encode()], [2, 2, self.op.encode()]]
        fields += [[3, 2, name.encode()] for name in self.inputs]
        for key in sorted(self.attrs):
            entry = [[1, 2, key.encode()], [2, 2, serialize(self.attrs[key])]]
            fields.append([5, 2, serialize(entry)])
        return serialize(fields)


def read_node(data):
    node = Node("", "")
    for field, _, value in parse(data):
        if field == 1:
            node.name = value.decode()
        elif field == 2:
            node.op = value.decode()
        elif field == 3:
            node.inputs.append(value.decode())
        elif field == 5:
            entry = {f: v for f, _, v in parse(value)}
            node.attrs[entry[1].decode()] = parse(entry[2])
    return node


def shape_message(dims):
    return serialize([[2, 2, serialize([[1, 0, dim]])] for dim in dims])


def type_attr(number):
    return [[6, 0, number]]


def constant(name, array):
    array = np.asarray(array, order="C")
    tensor = [[1, 0, TYPES[array.dtype]], [2, 2, shape_message(array.shape)],
              [4, 2, array.tobytes()]]
    return Node(name, "Const", (), {"dtype": type_attr(TYPES[array.dtype]),
                                    "value": [[8, 2, serialize(tensor)]]})


def read_constant(node):
    tensor = parse(node.attrs["value"][0][2])
    dtype = {1: np.float32, 3: np.int32, 9: np.int64}[next(v for f, _, v in tensor if f == 1)]
    dims = []
    for field, _, value in tensor:
        if field == 2:
            dims = [next((v for f, _, v in parse(d) if f == 1), 0)
                    for f, _, d in parse(value) if f == 2]
    content = [v for f, _, v in tensor if f == 4]
    if content:
        return np.frombuffer(content[0], dtype).reshape(dims)
    packed = [v for f, _, v in tensor if f in (5, 7, 10)]
    if dtype == np.float32:
        value = struct.unpack("<f", packed[0][:4])[0]
    else:
        value = read_varint(packed[0], 0)[0]
        value -= (value >> 63) << 64
    return np.full(dims, value, dtype)


# --- the small network ---------------------------------------------------------------------------

def narrow(array, n_cell):
    """The first N_CELL of every dimension that counts cells; of the LSTM, of both halves of its
    rows and of all four blocks of its columns."""
    for axis, size in enumerate(array.shape):
        if size == n_cell:
            array = np.take(array, range(N_CELL), axis)
        elif size in (2 * n_cell, 4 * n_cell):
            at = [b * n_cell + i for b in range(size // n_cell) for i in range(N_CELL)]
            array = np.take(array, at, axis)
    return array


def read_graph(path):
    nodes = [read_node(value) for field, _, value in parse(open(path, "rb").read()) if field == 1]
    nodes = {node.name: node for node in nodes}
    for name in [n for n, node in nodes.items() if node.op in ("Assign", "NoOp")] + ["zeros"]:
        del nodes[name]
    nodes["logits"].inputs = ["raw_logits"]
    n_cell = read_constant(nodes["b1"]).shape[0]
    for name, node in list(nodes.items()):
        if node.op == "Const":
            array = read_constant(node)
            if array.dtype == np.float32:
                array = narrow(array, n_cell)
            else:
                array = np.where(array == n_cell, N_CELL, array).astype(array.dtype)
            nodes[name] = constant(name, array)
    for name in ("previous_state_c", "previous_state_h"):
        nodes[name].attrs["shape"] = [[7, 2, shape_message([1, N_CELL])]]
    return nodes


def ints(*values):
    return np.array(values, np.int32)


def scalar(value):
    return np.array(value, np.int32)


def put(nodes, *new):
    for node in new:
        nodes[node.name] = node


def set_steps(nodes, n_steps):
    nodes["input_node"].attrs["shape"] = [[7, 2, shape_message([1, n_steps, 19, 26])]]
    put(nodes, constant("Reshape_1/shape", ints(n_steps, 1, N_CELL)),
        constant("raw_logits/shape", ints(n_steps, 1, N_LABELS)),
        constant(CELL + "SequenceMask/Const", scalar(n_steps)))


def strided_slice(name, source, begin, end):
    flags = {key: [[3, 0, 0]] for key in ("begin_mask", "end_mask", "ellipsis_mask",
                                          "new_axis_mask")}
    flags.update(shrink_axis_mask=[[3, 0, 1]], Index=type_attr(3))
    names = [name + "/stack", name + "/stack_1", name + "/stack_2"]
    return [constant(n, ints(v)) for n, v in zip(names, (begin, end, 1))] + [
        Node(name, "StridedSlice", [source] + names, flags)]


def drop_lengths(nodes):
    for name in [n for n in nodes if n.startswith(CELL) and
                 n[len(CELL):].split("/")[0] not in ("kernel", "bias", "zeros", "BlockLSTM")]:
        del nodes[name]
    del nodes["input_lengths"]
    put(nodes, constant(CELL + "ToInt64/x", scalar(16)),
        Node(CELL + "ToInt64", "Cast", [CELL + "ToInt64/x"],
             {"SrcT": type_attr(3), "DstT": type_attr(9)}),
        *strided_slice(CELL + "strided_slice", CELL + "BlockLSTM:1", -1, 0),
        *strided_slice(CELL + "strided_slice_1", CELL + "BlockLSTM:6", -1, 0))
    nodes["Reshape_2"].inputs[0] = CELL + "BlockLSTM:6"


def open_steps(nodes):
    set_steps(nodes, -1)
    name = CELL + "SequenceMask/Const"
    del nodes[name]
    put(nodes, Node(CELL + "Shape", "Shape", ["Reshape_1"], {"out_type": type_attr(3)}),
        *strided_slice(name, CELL + "Shape", 0, 1))


def freeze_lengths(length):
    return lambda nodes: put(nodes, constant("input_lengths", ints(length)))


def use_peepholes(nodes):
    nodes[CELL + "BlockLSTM"].attrs["use_peephole"] = [[5, 0, 1]]
    put(nodes, constant(CELL + "zeros", np.full(N_CELL, PEEPHOLE, np.float32)))


# --- the same in float64 -------------------------------------------------------------------------

def make_inputs(n_steps):
    """Element i is ((i * 7919) mod 1001 - 500) / 250 as float32; h and c begin at i = 0 and 4."""
    def make(n, first=0):
        i = np.arange(first, first + n, dtype=np.int64)
        return ((i * 7919 % 1001 - 500) / 250.0).astype(np.float32).astype(np.float64)
    return make(n_steps * 494).reshape(n_steps, 494), make(N_CELL), make(N_CELL, N_CELL)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def compute(nodes, n_steps, length, peephole):
    weights = {name: read_constant(node).astype(np.float64)
               for name, node in nodes.items() if node.op == "Const"}
    x, h, c = make_inputs(n_steps)
    for i in "123":
        x = np.clip(x @ weights["h" + i] + weights["b" + i], 0, 20)
    y = np.zeros((n_steps, N_CELL))
    for t in range(length):
        g = np.concatenate([x[t], h]) @ weights[CELL + "kernel"] + weights[CELL + "bias"]
        i, ci, f, o = np.split(g, 4)
        c = sigmoid(f + 1 + peephole * c) * c + sigmoid(i + peephole * c) * np.tanh(ci)
        h = y[t] = sigmoid(o + peephole * c) * np.tanh(c)
    x = np.clip(y @ weights["h5"] + weights["b5"], 0, 20)
    logits = x @ weights["h6"] + weights["b6"]
    return np.concatenate([logits.ravel(), h, c]).astype("<f4")


VARIANTS = {  # edit, steps, length, peephole
    "no-lengths": (drop_lengths, 16, 16, 0),
    "open-steps": (open_steps, 23, 23, 0),
    "one-step": (lambda nodes: set_steps(nodes, 1), 1, 1, 0),
    "ten-steps": (lambda nodes: set_steps(nodes, 10), 10, 10, 0),
    "frozen": (freeze_lengths(16), 16, 16, 0),
    "frozen-short": (freeze_lengths(7), 16, 7, 0),
    "peepholes": (use_peepholes, 16, 16, PEEPHOLE),
}


def main():
    source, folder = sys.argv[1:]
    for name, (edit, n_steps, length, peephole) in VARIANTS.items():
        nodes = read_graph(source)
        edit(nodes)
        assert all(i.split(":")[0] in nodes for node in nodes.values() for i in node.inputs)
        data = serialize([[1, 2, node.serialize()] for node in nodes.values()])
        with open("%s/%s.pb" % (folder, name), "wb") as file:
            file.write(data)
        np.save("%s/%s.npy" % (folder, name), compute(nodes, n_steps, length, peephole))


if __name__ == "__main__":
    main()
