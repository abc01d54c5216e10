#!/usr/bin/env python3
"""Time per frame of the prefix decoder beside ds_ctcdecoder 0.9.3, on the same rows with the same
scorer, one core, each the best of several rounds in turns; and, with --flat, a picture of the time
per frame over half an hour.

    tests/bench/compare_decoders.py --build build --rows probabilities.npy --scorer words.scorer \\
        --alphabet alphabet.txt --peer PYTHON [--beam 500] [--rounds 3]
    tests/bench/compare_decoders.py --build build --rows probabilities.npy --scorer words.scorer \\
        --flat decoder-flat.svg

PYTHON is an interpreter that has ds_ctcdecoder 0.9.3 and numpy (3.7 or so; the package is on PyPI).

SPDX-License-Identifier: BSD-2-Clause
"""
import argparse
import os
import subprocess
import sys

PEER = '''
import sys, time
import numpy as np
from ds_ctcdecoder import Alphabet, Scorer, swigwrapper
rows, alphabet, scorer, beam = sys.argv[1:]
rows = np.load(rows).astype(np.float64)
alphabet = Alphabet(alphabet)
if scorer:
    scorer, alpha, beta = scorer.rsplit(':', 2)
    scorer = Scorer(float(alpha), float(beta), scorer, alphabet)
else:
    scorer = None
chunks = [np.ascontiguousarray(rows[i:i + 16]) for i in range(0, len(rows), 16)]
state = swigwrapper.DecoderState()
assert state.init(alphabet, int(beam), 1.0, 40, scorer, {}) == 0
start = time.process_time()
for chunk in chunks:
    state.next(chunk)
print((time.process_time() - start) / len(rows) * 1e3)
'''

FRAMES_PER_MINUTE = 3000
MINUTES = 30


def read_weights(arguments):
    """The weights inside the scorer, which the peer has to be told."""
    if not arguments.scorer:
        return ''
    program = os.path.join(arguments.build, 'bin', 'dsinfer')
    text = subprocess.run([program, 'inspect', arguments.scorer], check=True,
                          stdout=subprocess.PIPE, universal_newlines=True).stdout
    words = next(line for line in text.splitlines() if line.strip().startswith('weights')).split()
    return '%s:%s:%s' % (arguments.scorer, words[words.index('alpha') + 1],
                         words[words.index('beta') + 1])


def run_bench(arguments, scorer, *options):
    program = os.path.join(arguments.build, 'tests', 'bench', 'bench_decoder')
    command = [program, '-p', '-b', str(arguments.beam), *options]
    if scorer:
        command += ['-s', arguments.scorer]
    text = subprocess.run(command + [arguments.rows], check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, universal_newlines=True).stdout
    return [float(line) for line in text.split()]


def run_peer(arguments, scorer):
    command = [arguments.peer, '-c', PEER, arguments.rows, arguments.alphabet, scorer,
               str(arguments.beam)]
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          universal_newlines=True).stdout
    return float(text.split()[-1])


def compare(arguments):
    for scorer in [''] + ([read_weights(arguments)] if arguments.scorer else []):
        ours, theirs = [], []
        for _ in range(arguments.rounds):
            ours += run_bench(arguments, scorer, '-r', '1')
            if arguments.peer:
                theirs.append(run_peer(arguments, scorer))
        line = '%-15s dsinfer %.4f ms a frame' % ('with scorer' if scorer else 'without scorer',
                                                  min(ours))
        if theirs:
            line += ', ds_ctcdecoder 0.9.3 %.4f: %.1f times' % (min(theirs),
                                                                min(theirs) / min(ours))
        else:
            line += ', ds_ctcdecoder 0.9.3: absent (--peer)'
        print(line)


def draw(curves, path):
    """The curves, {name: [ms a frame of each minute]}, as an SVG."""
    width, height, left, top = 640, 260, 50, 20
    highest = max(max(values) for values in curves.values()) * 1.25
    colours = ['#1f6fb2', '#c2571a', '#3a8a3a', '#7d4aa8']

    def place(minute, value):
        return (left + (width - left - 20) * minute / MINUTES,
                top + (height - top - 60) * (1 - value / highest))

    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" '
             'font-family="sans-serif" font-size="12">' % (width, height),
             '<rect width="%d" height="%d" fill="white"/>' % (width, height)]
    for step in range(5):
        x, y = place(0, highest * step / 4)
        parts.append('<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/>'
                     '<text x="%d" y="%.1f" text-anchor="end">%.2f</text>'
                     % (x, y, width - 20, y, left - 6, y + 4, highest * step / 4))
    for minute in range(0, MINUTES + 1, 5):
        x, y = place(minute, 0)
        parts.append('<text x="%.1f" y="%.1f" text-anchor="middle">%d</text>'
                     % (x, y + 16, minute))
    parts.append('<text x="%d" y="14">ms a frame of 20 ms, over minutes of audio; one core</text>'
                 % left)
    for i, (name, values) in enumerate(curves.items()):
        points = ' '.join('%.1f,%.1f' % place(minute + 0.5, value)
                          for minute, value in enumerate(values))
        parts.append('<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>'
                     % (points, colours[i]))
        parts.append('<text x="%d" y="%d" fill="%s">%s</text>'
                     % (left + 290 * (i % 2), height - 22 + 16 * (i // 2), colours[i], name))
    with open(path, 'w') as file:
        file.write('\n'.join(parts + ['</svg>', '']))


def show_flatness(arguments):
    """A minute is the same rows again and again, so that all minutes are equally hard."""
    import numpy as np
    rows = np.load(arguments.rows)
    minute = rows[np.arange(FRAMES_PER_MINUTE) % len(rows)]
    sure = np.full_like(minute, 1e-6)
    sure[np.arange(len(sure)), minute.argmax(axis=1)] = 1 - 28e-6
    curves = {}
    for kind, array in (('speech', minute), ('sure', sure)):
        path = arguments.flat + '.%s.npy' % kind
        np.save(path, array)
        arguments.rows = path
        for scorer in [''] + (['yes'] if arguments.scorer else []):
            values = run_bench(arguments, scorer, '-r', str(arguments.rounds), '-n', str(MINUTES),
                               '-l', str(FRAMES_PER_MINUTE))
            name = '%s, %s' % (kind, 'with scorer' if scorer else 'without')
            curves[name] = values
            print('%-20s first minute %.4f ms a frame, 10th %.4f, last %.4f'
                  % (name, values[0], values[9], values[-1]))
        os.remove(path)
    draw(curves, arguments.flat)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--build', required=True)
    parser.add_argument('--rows', required=True, help='probabilities [frames, labels], .npy')
    parser.add_argument('--scorer')
    parser.add_argument('--alphabet')
    parser.add_argument('--peer', help='an interpreter that has ds_ctcdecoder')
    parser.add_argument('--beam', type=int, default=500)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--flat', metavar='SVG')
    arguments = parser.parse_args()
    if arguments.peer and not arguments.alphabet:
        sys.exit('the peer needs --alphabet')
    if arguments.flat:
        show_flatness(arguments)
    else:
        compare(arguments)


if __name__ == '__main__':
    main()
