#!/usr/bin/env python3
"""Hours of audio through one stream, and whether it stays as it was: memory, time a frame, and
allocations; no value that is no number; silence not slower than speech.

    tests/bench/soak.py --build build [--minutes 60] [--decoder tensorflow|prefix|greedy]
        [--utterances] [--lm FILE --alpha A --beta B] [--model FILE] [--mixed] [--runs N]
        SPEECH.wav...

The default model, language model and weights are the bundled ones. Examples:

    soak.py --build build ../shared/audio/*.wav
    soak.py --build build --decoder greedy ../shared/audio/*.wav
    soak.py --build build --utterances --mixed --minutes 1440 ../shared/audio/*.wav

--utterances: they end at endpoints, with partial texts ten times a second, as in `dsinfer listen`;
without it, all is one utterance, whose text grows. --mixed: minutes of speech, silence, values near
the least a float holds, faint noise and loud noise. --runs: the same audio so many times, each
minute's time being the least of them, which takes the noise of other work out of it, and its memory
the most. Ends with 1 where a limit is not kept.

SPDX-License-Identifier: BSD-2-Clause
"""
import argparse
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ENGLISH = os.path.join(HERE, '..', '..', 'model', 'english')
MOST_GROWTH_KIB = 2048  # from the end of the first minute on
MOST_SLOWDOWN = 1.05  # the last five minutes against minutes 5 to 10
MOST_SILENCE = 1.10  # silence against speech, medians


def run_once(arguments):
    command = [os.path.join(arguments.build, 'tests', 'bench', 'soak'),
               '-d', arguments.decoder, '-m', str(arguments.minutes)]
    if arguments.decoder != 'greedy' and arguments.lm:
        command += ['-l', arguments.lm, '-a', str(arguments.alpha), '-w', str(arguments.beta)]
    command += ['-u'] * arguments.utterances + ['-x'] * arguments.mixed
    output = subprocess.run(command + [arguments.model, *arguments.speech], check=True,
                            stdout=subprocess.PIPE, universal_newlines=True).stdout
    rows = [line.split() for line in output.splitlines()]
    return [(int(row[0]), row[1], float(row[2]), *map(int, row[4:])) for row in rows]


def run(arguments):
    """Rows of (minute, kind, ms a frame, KiB, allocations, utterances)."""
    runs = [run_once(arguments) for _ in range(arguments.runs)]
    return [(minute[0][:2] + (min(row[2] for row in minute), max(row[3] for row in minute)) +
             minute[0][4:]) for minute in zip(*runs)]


def median_ms(rows):
    return statistics.median(row[2] for row in rows)


def judge(rows, is_mixed):
    """Prints what there is to say; the number of limits that are not kept."""
    first, last = rows[0], rows[-1]
    n_failed = 0

    def say(is_kept, sentence):
        nonlocal n_failed
        n_failed += not is_kept
        print('%s  %s' % ('ok    ' if is_kept else 'FAILED', sentence))

    growth = max(row[3] for row in rows[1:]) - first[3] if len(rows) > 1 else 0
    say(growth <= MOST_GROWTH_KIB, 'memory: %d KiB after the first minute, %+d KiB at most later'
        % (first[3], growth))
    print('        allocations: %d in the first minute, %d later; %d utterances'
          % (first[4], last[4] - first[4], last[5]))
    if is_mixed:
        kinds = sorted({row[1] for row in rows})
        medians = {kind: median_ms([row for row in rows if row[1] == kind]) for kind in kinds}
        for kind in ('silence', 'denormal'):
            if kind in medians:
                say(medians[kind] <= MOST_SILENCE * medians['speech'],
                    '%s: %.4f ms a frame, speech %.4f' % (kind, medians[kind], medians['speech']))
    elif last[0] >= 15:
        early, late = median_ms(rows[5:10]), median_ms(rows[-5:])
        say(late <= MOST_SLOWDOWN * early, 'time: %.4f ms a frame in minutes 5 to 10, %.4f in the '
            'last 5: %.3f times' % (early, late, late / early))
    return n_failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', required=True)
    parser.add_argument('--minutes', type=int, default=60)
    parser.add_argument('--decoder', default='tensorflow')
    parser.add_argument('--lm', default=os.path.join(ENGLISH, 'lm.binary'))
    parser.add_argument('--alpha', type=float, default=1.3)
    parser.add_argument('--beta', type=float, default=1.5)
    parser.add_argument('--model', default=os.path.join(ENGLISH, 'output_graph.pb'))
    parser.add_argument('--utterances', action='store_true')
    parser.add_argument('--mixed', action='store_true')
    parser.add_argument('--runs', type=int, default=1)
    parser.add_argument('speech', nargs='+')
    arguments = parser.parse_args()
    return 1 if judge(run(arguments), arguments.mixed) else 0


if __name__ == '__main__':
    sys.exit(main())
