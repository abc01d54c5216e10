#!/usr/bin/env python3
"""Latency of partial texts and of the end, one stream in real time: libdeepspeech 0.9.3 and
dsinfer, on the same recording with the same schedule, in turns, each with a beam of 1 (nearly no
decoder).

    tests/bench/compare_streaming.py --build build --peer PYTHON --model output_graph.pb \\
        --peer-model output_graph.pbmm [--turns 2] RECORDING.wav

PYTHON is an interpreter that has deepspeech 0.9.3 and numpy (3.7 or so; the package is on PyPI).
The schedule is that of bin/bench/streams.c: 320 ms at a time, the last 20 ms on their own, each
piece due when its last sample would have come from a microphone; times count from there.

SPDX-License-Identifier: BSD-2-Clause
"""
import argparse
import json
import os
import subprocess
import sys

PEER = '''
import json, math, sys, time, wave
import numpy as np
import deepspeech
model, path = sys.argv[1:]
with wave.open(path) as file:
    samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
model = deepspeech.Model(model)
model.setBeamWidth(1)
CHUNK, TAIL, N_CALLS = 5120, 320, 100

def find_end(at):
    last = max(0, len(samples) - TAIL)
    return len(samples) if at >= last else min(last, at + CHUNK)

def percentile(values, percent):
    values = sorted(values)
    return 1e3 * values[max(0, math.ceil(percent / 100 * len(values)) - 1)]

def play(duration):
    latency, finish = [], []
    start, played, at, stream = time.monotonic(), 0, 0, model.createStream()
    while True:
        end = find_end(at)
        due = start + (played + end - at) / 16000
        if due > start + duration:
            break
        time.sleep(max(0.0, due - time.monotonic()))
        stream.feedAudioContent(samples[at:end])
        if end == len(samples):
            stream.finishStream()
            finish.append(time.monotonic() - due)
            stream = model.createStream()
        else:
            stream.intermediateDecode()
            if end - at == CHUNK:
                latency.append(time.monotonic() - due)
        played, at = played + end - at, end % len(samples)
    stream.freeStream()
    return latency, finish

play(2.0)
times = play(max(len(samples) / 16000, (N_CALLS + 1) * CHUNK / 16000))
print(json.dumps({key: {'p50': percentile(each, 50), 'p99': percentile(each, 99)}
                  for key, each in zip(('latency_ms', 'finish_ms'), times)}))
'''


def show(name, result):
    print('%-14s' % name, *('%s %.1f p50 %.1f p99 ' % (key, result[key]['p50'], result[key]['p99'])
                            for key in ('latency_ms', 'finish_ms')),
          'load %.1f' % os.getloadavg()[0], flush=True)


def main():
    parser = argparse.ArgumentParser()
    for name in ('build', 'peer', 'model', 'peer-model'):
        parser.add_argument('--' + name, required=True)
    parser.add_argument('--turns', type=int, default=2)
    parser.add_argument('recording')
    arguments = parser.parse_args()
    program = os.path.join(arguments.build, 'bin', 'dsinfer')
    own = [program, 'bench', '--json', '--paced', '--beam-width', '1', '-m', arguments.model,
           arguments.recording]
    peer = [arguments.peer, '-c', PEER, arguments.peer_model, arguments.recording]
    for _ in range(arguments.turns):
        for name, command in (('libdeepspeech', peer), ('dsinfer', own)):
            output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
            show(name, json.loads(output.decode('utf-8')))
    return 0


if __name__ == '__main__':
    sys.exit(main())
