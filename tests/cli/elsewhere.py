"""States that travel between two builds of the program, of different architectures say.

    elsewhere.py OTHER PROGRAM

MESON_EXE_WRAPPER in the environment is what runs PROGRAM, the emulator of a cross build. What one
of them saves in the middle of the bundled recording the other one goes on with: to the same
text and times as without a break, and to scores that differ by rounding only, since kernels and
mathematical library are others. A state saved once more where it was loaded goes back unchanged.

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import os
import shlex
import subprocess
import sys

from support import SAMPLE, pcm, read, temporary, wav, write

SETTINGS = (
    ('--decoder', 'greedy', '--no-vad'),
    ('--beam-width', '50'),
    ('--decoder', 'prefix', '--beam-width', '50', '--steps', '5', '--hot-words', 'the:2'),
)
CUTS = (22222, 40002)
N_BYTES = 52000
MOST_DIFFERENCE = 1e-3  # of a score, and of a confidence of a word


def call(program, *arguments):
    done = subprocess.run(program + list(arguments), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=300, check=False)
    assert done.returncode == 0, '%s %s: %s' % (program, arguments, done.stderr.decode())
    return done.stdout


def transcribe(program, settings, name, data, *arguments):
    return json.loads(call(program, *settings, '--format', 'json', *arguments,
                           write(name, wav(data))))


def is_near(a, b):
    return abs(a - b) <= MOST_DIFFERENCE * max(1.0, abs(a), abs(b))


def check_same(got, wanted):
    assert got['text'] == wanted['text'] != '', (got['text'], wanted['text'])
    assert is_near(got['confidence'], wanted['confidence']), (got, wanted)
    best, other = got['candidates'][0], wanted['candidates'][0]
    assert best['labels'] == other['labels'] and best['timesteps'] == other['timesteps']
    for word, twin in zip(got['words'], wanted['words']):
        assert (word['start'], word['end']) == (twin['start'], twin['end'])
        assert is_near(word['confidence'], twin['confidence']), (word, twin)


def check(saving, loading, settings):
    data = pcm(SAMPLE)[:N_BYTES]
    state, again = temporary('travelling.state'), temporary('again.state')
    wanted = transcribe(saving, settings, 'whole.wav', data)
    for cut in CUTS:
        call(saving, *settings, '--save-state', state, write('a.wav', wav(data[:cut])))
        call(loading, *settings, '--load-state', state, '--save-state', again,
             write('nothing.wav', wav(b'')))
        assert read(again) == read(state), 'it is not what was saved'
        check_same(transcribe(loading, settings, 'b.wav', data[cut:], '--load-state', state),
                   wanted)
    assert json.loads(call(loading, 'inspect', '--json', state))['kind'] == 'state'


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    other = [sys.argv[1]]
    program = shlex.split(os.environ.get('MESON_EXE_WRAPPER', '')) + [sys.argv[2]]
    for saving, loading in ((other, program), (program, other)):
        for settings in SETTINGS:
            check(saving, loading, settings)
            print('ok: saved by %s, loaded by %s: %s' % (saving[-1], loading[-1],
                                                         ' '.join(settings)), flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
