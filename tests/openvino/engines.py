"""OpenVINO as a function: start(xml, names by role) -> infer(inputs by role) -> outputs by role.

Two interfaces, that of 2021 (Inference Engine) and that of 2022 and later. Both compute in float32,
and not with the bfloat16 or int8 arithmetic that they choose by themselves on some processors.

SPDX-License-Identifier: BSD-2-Clause
"""
import numpy

STATES = {'h': 'new_h', 'c': 'new_c'}
OUTPUTS = ('logits', 'new_h', 'new_c')


def run_calls(infer, names, windows, n_cell):
    """Calls in a row, the states handed on: {role: [calls, ...]}. A network without inputs for its
    states keeps them itself."""
    states = {role: numpy.zeros((1, n_cell), 'f4') for role in STATES if role in names}
    rows = []
    for window in windows:
        values = infer({'windows': window, **states})
        rows.append(values)
        states = {role: values[STATES[role]] for role in states}
    return {role: numpy.array([row[role] for row in rows]) for role in rows[0]}


class Engine2021:
    """The interface up to 2021.4."""
    versions = ('10',)

    def __init__(self):
        from openvino.inference_engine import IECore
        self.core = IECore()

    def start(self, xml, names):
        net = self.core.read_network(xml)
        ports = {role: net.get_ov_name_for_tensor(name)
                 for role, name in names.items() if role in OUTPUTS}
        compiled = self.core.load_network(net, 'CPU', {'ENFORCE_BF16': 'NO'})

        def infer(feeds):
            values = compiled.infer({names[role]: value for role, value in feeds.items()})
            return {role: values[port].copy() for role, port in ports.items()}

        return infer


class Engine2022:
    """The interface since 2022.1."""
    versions = ('10', '11')

    def __init__(self):
        import openvino
        self.openvino = openvino
        self.core = openvino.Core()

    def start(self, xml, names):
        compiled = self.core.compile_model(self.core.read_model(xml), 'CPU',
                                           {'INFERENCE_PRECISION_HINT': 'f32',
                                            'DYNAMIC_QUANTIZATION_GROUP_SIZE': '0'})
        request = compiled.create_infer_request()

        def infer(feeds):
            request.infer({names[role]: value for role, value in feeds.items()})
            return {role: request.get_tensor(name).data.copy()
                    for role, name in names.items() if role in OUTPUTS}

        return infer

    def save(self, xml, path, is_small):
        self.openvino.save_model(self.core.read_model(xml), path, compress_to_fp16=is_small)

    def convert(self, graph, names, path, is_small, n_cell):
        """A frozen graph by OpenVINO's frontend, as its converters call it."""
        from openvino.frontend import FrontEndManager
        frontend = FrontEndManager().load_by_framework('tf')
        model = frontend.load(graph)
        shapes = {'windows': [1, 16, 19, 26], 'lengths': [1], 'h': [1, n_cell], 'c': [1, n_cell]}
        places = {role: model.get_place_by_tensor_name(name) for role, name in names.items()}
        model.override_all_outputs([places[role] for role in OUTPUTS])
        model.override_all_inputs([places[role] for role in shapes])
        for role, shape in shapes.items():
            model.set_partial_shape(places[role], self.openvino.PartialShape(shape))
        self.openvino.save_model(frontend.convert(model), path, compress_to_fp16=is_small)


def open_engine():
    try:
        return Engine2022()
    except (ImportError, AttributeError):
        return Engine2021()
