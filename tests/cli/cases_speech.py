"""The speech gate: nothing is said of nothing, and no word of speech changes.

SPDX-License-Identifier: BSD-2-Clause
"""
import array
import json
import math
import os
import random

from support import SAMPLE, fails, pcm, read, run, shared, text_of, wav, write

FAST = ('--decoder', 'greedy')
N = 4 * 16000


def signal(name, sample):
    return write(name + '.wav', wav(array.array('h', [int(sample(i)) for i in range(N)]).tobytes()))


def noise(amplitude):
    numbers = random.Random(3)
    return lambda i: numbers.uniform(-amplitude, amplitude)


def signals():
    yield signal('silence', lambda i: 0)
    yield signal('constant', lambda i: 4000)
    for hertz in (50, 60):
        for amplitude in (30, 1000, 15000):
            yield signal('hum', lambda i, a=amplitude, w=2 * math.pi * hertz / 16000:
                         a * math.sin(w * i) + a / 8 * math.sin(2 * w * i))
    for amplitude in (1, 3, 20, 100):
        yield signal('noise', noise(amplitude))


def random_model():
    return shared('oracle', 'e2e', 'models', 'ds030-h64-seed7.pb')


def test_signals_that_are_no_speech_have_no_text():
    for path in signals():
        assert run(path).out == '\n', path
        assert run('--no-lm', *FAST, path).out == '\n', path


def test_not_even_a_model_with_letters_for_everything_says_more():
    model = random_model()
    for path in signals():
        assert run('-m', model, *FAST, path).out == '\n', path
        assert text_of('-m', model, '--no-vad', *FAST, path), path


def test_without_the_gate_odd_signals_have_the_texts_of_libdeepspeech():
    golden = json.loads(read(shared('oracle', 'e2e', 'streaming', 'short_030_h64_seed7.json')))
    names = [name for name, entry in golden.items() if entry.get('samples')]
    paths = [shared('oracle', 'frontend', 'signals', name + '.wav') for name in names]
    lines = run('-m', random_model(), '--no-vad', *paths).out.splitlines()
    assert len(names) > 35
    assert lines == [golden[name]['stt'].strip() for name in names]


def test_json_of_silence_is_complete():
    result = run('--format', 'json', signal('silence', lambda i: 0)).json()
    assert result['text'] == '' and result['words'] == [] and len(result['candidates']) == 1


def test_speech_is_the_same_without_the_gate():
    assert text_of(SAMPLE) == text_of('--no-vad', SAMPLE)
    model = random_model()
    for name in sorted(os.listdir(shared('audio'))):
        if name.endswith('.wav'):
            path = shared('audio', name)
            assert text_of('-m', model, path) == text_of('-m', model, '--no-vad', path), name
            assert text_of(path) == text_of('--no-vad', path), name


def test_speech_after_a_pause_is_found():
    numbers = random.Random(4)
    pause = array.array('h', [numbers.randint(-4, 4) for _ in range(3 * N)]).tobytes()
    words = text_of(*FAST, SAMPLE).split()
    got = text_of(*FAST, write('pause.wav', wav(pause + pcm(SAMPLE)))).split()
    assert len(got) > len(words) / 2
    assert run(*FAST, write('pause.wav', wav(pause))).out == '\n'


def test_times_of_endpoints_are_checked():
    for name in ('--endpoint-silence', '--endpoint-start', '--endpoint-longest'):
        for value in ('0', '-1'):
            fails('transcribe', name, value, SAMPLE, code=2, name=name, kind='usage')
        fails('transcribe', name, 'soon', SAMPLE, code=2, name=name, kind='usage')
        assert text_of(name, '2.5', *FAST, SAMPLE) == text_of(*FAST, SAMPLE)
