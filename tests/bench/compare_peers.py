#!/usr/bin/env python3
"""dsinfer beside the engines that run the same network, in turns, on the same recording.

    tests/bench/compare_peers.py --build build --peers FOLDER --venv FOLDER --models FOLDER \\
        [--scorer FILE] [--turns 2] [--only TEXT] [--json FILE]

--peers has run_all.py, which times one peer; --venv and --models are the folders that its README
tells how to make. What is compared, in rows of a table:

    chunk   16 frames: network alone (OpenVINO), or with features and a beam of 1 (the others)
    text    wall time a second of audio, beam 500, no language model; with --scorer also with that
    finish  end of audio to final text, beam 500, as fast as it goes

Each engine runs once a turn on the first core, or the first two; the best turn counts.

SPDX-License-Identifier: BSD-2-Clause
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

FAST = ('--beam-width', '1', '--decoder', 'greedy')
BEAM = ('--beam-width', '500', '--decoder', 'prefix')


def own(path, *arguments, cores=1):
    return {'path': path, 'arguments': arguments, 'cores': cores}


def peer(path, name, *arguments, cores=1):
    return {'path': path, 'peer': name, 'arguments': arguments, 'cores': cores}


# run_all.py knows no scorers: wall time a second of audio, the better of two streams.
COQUI = '''
import json, sys, time, wave
import numpy as np
from stt import Model
model = Model(sys.argv[1])
model.setBeamWidth(500)
model.enableExternalScorer(sys.argv[3])
with wave.open(sys.argv[2]) as wav:
    samples = np.frombuffer(wav.readframes(wav.getnframes()), np.int16)
best = 1e9
for _ in range(2):
    start = time.perf_counter()
    stream = model.createStream()
    for i in range(0, len(samples), 5120):
        stream.feedAudioContent(samples[i:i + 5120])
    stream.finishStream()
    best = min(best, time.perf_counter() - start)
print(json.dumps({'rtf': best / len(samples) * model.sampleRate()}))
'''

# Title, dsinfer, its peers.
NETWORK = 'network_only.chunk_ms_p50'
CHUNK = 'beam_1.chunk_ms_p50'
ROWS = [
    ('fp32 chunk', own('chunk_ms.p50', *FAST), [
        peer(NETWORK, 'openvino-2026-f32')]),
    ('fp32 chunk', own('latency_ms.p50', *FAST), [
        peer(CHUNK, 'libdeepspeech-0.9.3-pbmm')]),
    ('bf16 chunk', own('chunk_ms.p50', '--precision', 'bf16', *FAST), [
        peer(NETWORK, 'openvino-2026-default')]),
    ('int8 chunk', own('chunk_ms.p50', '--precision', 'int8', *FAST), [
        peer(NETWORK, 'openvino-2026-default'),
        peer(NETWORK, 'openvino-2026-int8-full')]),
    ('int8 chunk', own('latency_ms.p50', '--precision', 'int8', *FAST), [
        peer(CHUNK, 'coqui-stt-1.4.0-tflite', '--beams', '1'),
        peer(CHUNK, 'libdeepspeech-tflite-0.9.3', '--beams', '1')]),
    ('int8 text', own('rtf', '--precision', 'int8', *BEAM), [
        peer('beam_500.rtf_wall_best', 'coqui-stt-1.4.0-tflite')]),
    ('int8 text with scorer', own('rtf', '--precision', 'int8', '--scorer', *BEAM), [
        peer('rtf', 'coqui-stt-1.4.0-tflite', '--scorer')]),
    ('fp32 finish', own('finish_ms.p50', *BEAM), [
        peer('beam_500.finish_ms', 'libdeepspeech-0.9.3-pbmm', '--beams', '1,500')]),
    ('fp32 chunk, 2 cores', own('chunk_ms.p50', '--threads', '2', *FAST, cores=2), [
        peer(NETWORK, 'openvino-2026-f32', cores=2)]),
]


class Engines:
    """Runs engines; the same run of one serves all rows of a turn."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.results = {}

    def run(self, engine):
        key = (engine.get('peer'), engine['arguments'], engine['cores'])
        if key not in self.results:
            self.results[key] = self.run_peer(engine) if 'peer' in engine else self.run_own(engine)
        value = self.results[key]
        for part in engine['path'].split('.'):
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def name_scorer(self, engine):
        arguments = list(engine['arguments'])
        if '--scorer' not in arguments:
            return [*arguments, '--no-lm']
        arguments.insert(arguments.index('--scorer') + 1, self.arguments.scorer)
        return arguments

    def run_coqui(self):
        models = self.arguments.models
        command = ['taskset', '-c', '0',
                   os.path.join(self.arguments.venv, 'stt140', 'bin', 'python'), '-B', '-c', COQUI,
                   os.path.join(models, 'ds093', 'output_graph.tflite'),
                   os.path.join(models, 'speech.wav'), self.arguments.scorer]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              check=True)
        return json.loads(done.stdout.splitlines()[-1])

    def run_own(self, engine):
        models = self.arguments.models
        command = ['taskset', '-c', '0,1' if engine['cores'] > 1 else '0',
                   os.path.join(self.arguments.build, 'bin', 'dsinfer'), 'bench', '--json',
                   '-m', os.path.join(models, 'ds093', 'output_graph.pbmm'),
                   *self.name_scorer(engine), os.path.join(models, 'speech.wav')]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)

    def run_peer(self, engine):
        if '--scorer' in engine['arguments']:
            return self.run_coqui()
        environment = dict(os.environ, PEERS_VENV=self.arguments.venv,
                           PEERS_MODELS=self.arguments.models, PYTHONDONTWRITEBYTECODE='1')
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'result.jsonl')
            command = [sys.executable, os.path.join(self.arguments.peers, 'run_all.py'), path,
                       '--only', engine['peer'], '--cores', str(engine['cores']), '--repeat', '1',
                       *engine['arguments']]
            subprocess.run(command, stdout=subprocess.DEVNULL, env=environment, check=False)
            with open(path, encoding='utf-8') as file:
                result = json.loads(file.readline() or '{}')
        if 'error' in result:
            print('%s: %s' % (engine['peer'], result['error'].strip()[-200:]), file=sys.stderr)
        return result


def measure(arguments, rows):
    """Best value of each engine of each row; all of a turn go to stderr at once."""
    best = [[None] * (1 + len(peers)) for _, _, peers in rows]
    for turn in range(arguments.turns):
        engines = Engines(arguments)
        for values, (title, mine, peers) in zip(best, rows):
            for i, engine in enumerate([mine, *peers]):
                value = engines.run(engine)
                print(turn, title, engine.get('peer', 'dsinfer'), value, file=sys.stderr)
                if value is not None and (values[i] is None or value < values[i]):
                    values[i] = value
    return best


def main():
    parser = argparse.ArgumentParser()
    for name in ('build', 'peers', 'venv', 'models'):
        parser.add_argument('--' + name, required=True)
    parser.add_argument('--scorer', help='a scorer for English, for the row with one')
    parser.add_argument('--turns', type=int, default=2)
    parser.add_argument('--only', default='', help='rows whose titles have this text')
    parser.add_argument('--json', help='write the values there')
    arguments = parser.parse_args()
    rows = [row for row in ROWS if arguments.only in row[0] and
            (arguments.scorer or 'scorer' not in row[0])]
    best = measure(arguments, rows)
    table = []
    print('| what | dsinfer | peer | peer / dsinfer |\n|---|---|---|---|')
    for (title, mine, peers), values in zip(rows, best):
        unit = '' if mine['path'] == 'rtf' else ' ms'
        for engine, value in zip(peers, values[1:]):
            entry = {'what': title, 'dsinfer': values[0], 'peer': engine['peer'], 'value': value}
            table.append(entry)
            if value is None or values[0] is None:
                print('| %s | not measured | %s | |' % (title, engine['peer']))
            else:
                print('| %s | %.4g%s | %s %.4g%s | %.2f |' % (
                    title, values[0], unit, engine['peer'], value, unit, value / values[0]))
    print('load %.1f' % os.getloadavg()[0])
    if arguments.json:
        with open(arguments.json, 'w', encoding='utf-8') as file:
            json.dump(table, file, indent=1)
    return 0


if __name__ == '__main__':
    sys.exit(main())
