"""Saved states: another process goes on as if there had been one.

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import subprocess
import time

from support import (BUNDLED, PROGRAM, SAMPLE, fails, pcm, read, run, shared, temporary, text_of,
                     wav, write)

CUTS = (0, 2, 33334, 70000, 149998)
N_BYTES = 150000
SETTINGS = (
    ('--decoder', 'greedy'),
    ('--no-lm', '--no-vad', '--beam-width', '50'),
    ('--beam-width', '50', '--steps', '4'),
    ('--decoder', 'prefix', '--no-lm', '--beam-width', '50'),
    ('--decoder', 'prefix', '--beam-width', '50', '--hot-words', 'the:2'),
)


def part(name, data):
    return write(name, wav(data))


def sample():
    return pcm(SAMPLE)[:N_BYTES]


def result(*arguments):
    got = run('--format', 'json', '--candidates', '3', *arguments).json()
    got.pop('file')
    return got


def test_another_process_goes_on():
    data = sample()
    whole = part('whole.wav', data)
    state = temporary('stream.state')
    for settings in SETTINGS:
        wanted = result(*settings, whole)
        for cut in CUTS:
            saved = run(*settings, '--save-state', state, part('a.wav', data[:cut]))
            assert saved.out == ''
            assert result(*settings, '--load-state', state, part('b.wav', data[cut:])) == wanted
        assert os.listdir(os.path.dirname(state)).count('stream.state.tmp') == 0


def test_many_processes_go_on():
    data = sample()
    state = temporary('many.state')
    wanted = result(part('whole.wav', data))
    load = []
    for i in range(5):
        run(*load, '--save-state', state, part('piece.wav', data[20000 * i:20000 * (i + 1)]))
        load = ['--load-state', state]
    assert result(*load, part('piece.wav', data[100000:])) == wanted
    assert result(*load, part('piece.wav', data[100000:])) == wanted


def go_on(settings, data, pieces):
    """The result where a new process takes each of the pieces, samples each, in turn."""
    state = temporary('chain.state')
    load, at = [], 0
    for n in pieces:
        run(*settings, *load, '--save-state', state, part('piece.wav', data[2 * at:2 * (at + n)]))
        load, at = ['--load-state', state], at + n
    return result(*settings, *load, part('piece.wav', data[2 * at:]))


def test_a_new_process_at_every_boundary_of_real_speech_changes_no_digit():
    folder = shared('audio')
    names = sorted(name for name in os.listdir(folder) if name.endswith('.wav'))
    for i, settings in enumerate(SETTINGS):
        data = pcm(os.path.join(folder, names[i]))[:2 * 5120 * 6]
        wanted = result(*settings, part('whole.wav', data))
        assert wanted['text'] and wanted['words']
        # 0.1 s, a call of the network, and odd numbers.
        if i in (2, 4):
            assert go_on(settings, data, [1600] * 18) == wanted, settings
        assert go_on(settings, data, [5120] * 5) == wanted, settings
        assert go_on(settings, data, [1, 399, 0, 1021, 2 * 7919, 5]) == wanted, settings


def test_states_of_other_precisions_are_refused():
    state = temporary('precision.state')
    audio = part('a.wav', sample()[:32000])
    run('--save-state', state, audio)
    for precision in ('bf16', 'int8'):
        fails('--precision', precision, '--load-state', state, audio, code=3, name=state,
              says='precision')


def test_other_kernels_go_on():
    data = sample()
    state = temporary('kernels.state')
    for saving, loading in (('native', 'reference'), ('reference', 'native'),
                            ('native', 'portable')):
        run('--kernels', saving, '--save-state', state, part('a.wav', data[:60000]))
        assert text_of('--kernels', loading, '--load-state', state,
                       part('b.wav', data[60000:])) == text_of(part('whole.wav', data))


def test_pipes_are_saved_and_loaded():
    data = sample()
    state = temporary('pipe.state')
    run('--raw', '--save-state', state, '-', stdin=data[:44444])
    text = text_of('--raw', '--load-state', state, '-', stdin=data[44444:])
    assert text == text_of(part('whole.wav', data))


def test_states_are_described():
    state = temporary('described.state')
    run('--beam-width', '40', '--save-state', state, part('a.wav', sample()[:32000]))
    got = run('inspect', '--json', state).json()
    assert got['kind'] == 'state' and got['format'] == 'dsistate' and got['file'] == state
    assert got['n_samples'] == 16000 and got['beam_width'] == 40 and got['family'] == 'ds03'
    assert got['decoder'] == 'tensorflow' and got['speech_gate'] is True
    text = run('inspect', state).out
    assert ': state\n' in text and '16000 samples, 1.000 s' in text
    data = read(state)
    for name, bad in (('cut', data[:-1]), ('flipped', data[:500] + b'x' + data[501:]),
                      ('short', data[:20])):
        fails('inspect', write(name + '.state', bad), code=3, kind='malformed file')


def test_states_that_do_not_fit_are_refused():
    state = temporary('refused.state')
    audio = part('a.wav', sample()[:32000])
    run('--beam-width', '40', '--save-state', state, audio)
    load = ('--load-state', state, audio)
    fails('--beam-width', '41', *load, code=3, name=state, says='beam 40')
    fails('--beam-width', '40', '--no-lm', *load, code=3, name=state, says='scorer')
    fails('--beam-width', '40', '--no-vad', *load, code=3, name=state, says='no speech gate')
    fails('--beam-width', '40', '--steps', '4', *load, code=3, name=state, says='16 steps')
    fails('--load-state', temporary('none.state'), audio, code=3, kind='I/O')
    fails('--load-state', SAMPLE, audio, code=3, name=SAMPLE, says='no saved state')
    damaged = write('damaged.state', read(state)[:-3])
    for option in ('--load-state', '--resume'):
        fails('--beam-width', '40', option, damaged, audio, code=3, name=damaged)


def test_states_of_other_models_are_refused():
    model = shared('oracle', 'e2e', 'models', 'ds030-h64-seed7.pb')
    state = temporary('other.state')
    audio = part('a.wav', sample()[:32000])
    run('--no-lm', '--save-state', state, audio)
    fails('-m', model, '--load-state', state, audio, code=3, name=state, says='is of the model')


def test_models_without_state_are_refused():
    model = shared('oracle', 'graphs', 'ds011-h64-s7', 'output_graph.pb')
    for option in ('--save-state', '--load-state', '--resume'):
        fails('-m', model, '--alphabet', os.path.join(BUNDLED, 'alphabet.txt'), option,
              temporary('whole.state'), SAMPLE, code=2, name=option)


def test_options_that_contradict_each_other():
    state = temporary('x.state')
    fails('--save-state', state, SAMPLE, SAMPLE, code=2, name='--save-state', says='one input')
    fails('--load-state', state, os.path.dirname(SAMPLE), SAMPLE, code=2, name='--load-state')
    fails('--resume', state, '-', code=2, name='--resume', says='standard input')
    fails('--resume', state, '--save-state', state, SAMPLE, code=2, name='--resume')
    fails('--resume', state, '--load-state', state, SAMPLE, code=2, name='--resume')
    fails('--save-every', '3', SAMPLE, code=2, name='--save-every')
    fails('--resume', state, '--save-every', '0', SAMPLE, code=2, name='--save-every')
    copy = part('copy.wav', sample())
    before = read(copy)
    fails('--save-state', copy, copy, code=2, name=copy)
    fails('--resume', copy, copy, code=2, name=copy)
    assert read(copy) == before


def test_a_state_that_cannot_be_written():
    audio = part('a.wav', sample()[:32000])
    nowhere = os.path.join(temporary('no-folder'), 'x.state')
    fails('--save-state', nowhere, audio, code=5, kind='I/O')
    fails('--resume', nowhere, '--save-every', '0.5', audio, code=5, kind='I/O')


def test_an_uninterrupted_run_leaves_no_state():
    state = temporary('done.state')
    got = text_of('--resume', state, '--save-every', '0.5', SAMPLE)
    assert got == text_of(SAMPLE)
    assert not os.path.exists(state) and not os.path.exists(state + '.tmp')


def test_a_state_of_a_longer_recording_is_refused():
    state = temporary('longer.state')
    run('--save-state', state, part('long.wav', sample()))
    fails('--resume', state, part('shorter.wav', sample()[:40000]), code=4,
          says='the saved state is of')


def kill_and_resume(state, command, wait):
    """One run that is killed while it works; its output where it was too fast."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        out, _ = process.communicate(timeout=wait)
        assert process.returncode == 0
        return out.decode()
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None


def test_a_process_that_is_killed_again_and_again_ends_with_the_same_text():
    audio = part('long.wav', sample() * 5)
    state = temporary('killed.state')
    for settings in (('--decoder', 'prefix', '--no-vad'), ()):
        wanted = run(*settings, '--format', 'json', audio).out
        command = [PROGRAM, *settings, '--format', 'json', '--resume', state, '--save-every',
                   '0.25', audio]
        started = time.monotonic()
        wait, n_killed, out = 0.06, 0, None
        while out is None:
            assert time.monotonic() - started < 100
            out = kill_and_resume(state, command, wait)
            n_killed += out is None
            wait += 0.01
        assert out == wanted
        assert n_killed > 1 and not os.path.exists(state)
