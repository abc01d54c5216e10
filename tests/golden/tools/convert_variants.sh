#!/bin/sh
# Writes the IRs in tests/golden/variants: genuine conversions of ten-steps.pb (mo2023 with
# graph=one-step, steps=1 in the environment: of that graph).
#
# usage: convert_variants.sh PYTHON FOLDER NAME, from the folder variants. PYTHON has OpenVINO:
#
#   NAME          packages                                   what it makes
#   ov2026        openvino==2026.4.1                         Loop, lengths open
#   ov2023        openvino==2023.3.0                         LSTMSequence, lengths open
#   mo2023        openvino-dev==2023.3.0 tensorflow==2.15.1  reshapes in the place of transpositions
#   mo2022-states openvino-dev==2022.3.0 tensorflow==2.4.4   LowLatency2 of an LSTMSequence
#   mo2021-states openvino-dev==2021.4.2 tensorflow==2.4.4   LowLatency2 of a TensorIterator
#
# SPDX-License-Identifier: BSD-2-Clause
set -eu
python=$1 folder=$2 name=$3 graph=${graph:-ten-steps} steps=${steps:-10}
states=previous_state_h/read,previous_state_c/read
cell=lstm_fused_cell/GatherNd

optimize() {
    "$python" -m "$@" --input_model "$graph.pb" --output_dir "$folder" \
        --model_name "$graph-$name" --freeze_placeholder_with_value "input_lengths->[$steps]" \
        --input "input_node,$states" --input_shape "[1,$steps,19,26],[1,4],[1,4]" \
        --output "raw_logits,$cell,${cell}_1"
    rm -f "$folder/$graph-$name.mapping"
}

case $name in
mo2023) optimize openvino.tools.mo --compress_to_fp16=False ;;
mo2022-states) optimize openvino.tools.mo --transform LowLatency2 ;;
mo2021-states)
    optimize mo --disable_nhwc_to_nchw --transform 'LowLatency2[use_const_initializer=False]' ;;
*)
    "$python" - "$folder/ten-steps-$name.xml" <<'END'
import sys

import openvino
from openvino.frontend import FrontEndManager

SHAPES = {'input_node': [1, 10, 19, 26], 'input_lengths': [1], 'previous_state_h/read': [1, 4],
          'previous_state_c/read': [1, 4]}
OUTPUTS = ['raw_logits', 'lstm_fused_cell/GatherNd', 'lstm_fused_cell/GatherNd_1']
frontend = FrontEndManager().load_by_framework('tf')
model = frontend.load('ten-steps.pb')
places = {name: model.get_place_by_tensor_name(name) for name in [*SHAPES, *OUTPUTS]}
model.override_all_outputs([places[name] for name in OUTPUTS])
model.override_all_inputs([places[name] for name in SHAPES])
for name, shape in SHAPES.items():
    model.set_partial_shape(places[name], openvino.PartialShape(shape))
openvino.save_model(frontend.convert(model), sys.argv[1], compress_to_fp16=False)
END
    ;;
esac
