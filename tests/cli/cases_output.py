"""Formats of results, and outputs that cannot be written.

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import os
import pty
import subprocess

from support import (COMMANDS, PROGRAM, fails, npy, need_numpy, read, run, short_sample, temporary,
                     text_of)

FAST = ('--decoder', 'greedy')
SAMPLE = short_sample()
KEYS = {'type', 'file', 'text', 'confidence', 'words', 'candidates'}


def check_result(result, name):
    assert KEYS <= set(result) and result['type'] == 'final' and result['file'] == name
    assert [word['word'] for word in result['words']] == result['text'].split(), result['text']
    for word in result['words']:
        assert set(word) == {'word', 'start', 'end', 'confidence'}
        assert 0 <= word['start'] < word['end'] and 0 <= word['confidence'] <= 1
    best = result['candidates'][0]
    assert best['text'].strip() == result['text'] and best['score'] == result['confidence']
    for candidate in result['candidates']:
        assert {'text', 'score', 'labels', 'timesteps'} <= set(candidate)
        assert len(candidate['labels']) == len(candidate['timesteps']) == len(candidate['text'])


def test_text_is_one_line_for_each_input():
    text = text_of(*FAST, SAMPLE)
    assert '\n' not in text
    assert run(*FAST, SAMPLE, SAMPLE).out == (text + '\n') * 2
    assert run('--format', 'text', *FAST, SAMPLE).out == text + '\n'


def test_json_is_an_object_or_an_array():
    check_result(run('--format', 'json', SAMPLE).json(), SAMPLE)
    both = run('--format=json', *FAST, SAMPLE, SAMPLE).json()
    assert isinstance(both, list) and len(both) == 2
    for result in both:
        check_result(result, SAMPLE)


def test_jsonl_is_an_object_a_line():
    lines = run('--format', 'jsonl', *FAST, SAMPLE, SAMPLE).lines()
    assert len(lines) == 2
    for result in lines:
        check_result(result, SAMPLE)


def test_threads_change_nothing():
    for options in ([], ['--precision', 'int8'], ['--kernels', 'portable']):
        one = run('transcribe', '--format', 'json', SAMPLE, *options)
        assert run('transcribe', '--format', 'json', '--threads', '2', SAMPLE,
                   *options).out == one.out
    for number in ('0', '65', 'two'):
        fails('transcribe', '--threads', number, SAMPLE, code=2, name='--threads')


def test_word_times_are_within_the_recording():
    result = run('--format', 'json', SAMPLE).json()
    duration = (len(read(SAMPLE)) - 44) / 32000
    starts = [word['start'] for word in result['words']]
    assert starts == sorted(starts) and starts
    assert all(word['end'] <= duration + 0.3 for word in result['words'])


def test_candidates_are_best_first():
    candidates = run('--format', 'json', '--candidates', '5', SAMPLE).json()['candidates']
    scores = [candidate['score'] for candidate in candidates]
    assert len(candidates) == 5 and scores == sorted(scores, reverse=True)
    assert len({candidate['text'] for candidate in candidates}) == 5


def test_partial_results_lead_to_the_final_one():
    for stdin in (b'', read(SAMPLE)):
        name = '-' if stdin else SAMPLE
        lines = run('--format', 'jsonl', '--partials', name, stdin=stdin).lines()
        partials, final = lines[:-1], lines[-1]
        assert len(partials) >= 3
        assert all(item['type'] == 'partial' for item in partials)
        times = [item['time'] for item in partials]
        assert times == sorted(times) and times[0] > 0
        texts = [item['text'] for item in partials]
        assert all(a != b for a, b in zip(texts, texts[1:]))
        check_result(final, name)


def test_partials_in_text_go_to_stderr():
    result = run('--partials', SAMPLE)
    assert result.out == run(SAMPLE).out
    assert len(result.err.splitlines()) >= 3
    result = run('--partials', '--format', 'json', SAMPLE)
    check_result(result.json(), SAMPLE)
    assert len(result.err.splitlines()) >= 3


def read_terminal(master):
    """All that the other side writes until it is closed."""
    seen = b''
    while True:
        try:
            seen += os.read(master, 1 << 16)
        except OSError:
            return seen.decode()


def test_partials_rewrite_the_line_of_a_terminal():
    master, slave = pty.openpty()
    process = subprocess.Popen([PROGRAM, '--partials', '--progress', SAMPLE], stderr=slave,
                               stdout=subprocess.PIPE)
    os.close(slave)
    seen = read_terminal(master)
    os.close(master)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and out.decode() == run(SAMPLE).out
    assert seen.count('\r') > 3 and '\x1b[K' in seen and seen.count('\n') == 1, repr(seen)


def test_steps_change_partials_but_not_the_text():
    text = text_of(SAMPLE)
    for steps in ('1', '5', '64'):
        assert text_of('--steps', steps, SAMPLE) == text, steps


def test_progress_is_on_stderr():
    result = run('--progress', *FAST, SAMPLE)
    assert '100 %' in result.err and 'real-time factor' in result.err
    assert result.out == run(*FAST, SAMPLE).out


def test_output_goes_to_a_file():
    path = temporary('out.txt')
    assert run(*FAST, SAMPLE, '-o', path).out == ''
    assert read(path).decode() == run(*FAST, SAMPLE).out
    assert run(*FAST, SAMPLE, '-o', '-').out == run(*FAST, SAMPLE).out
    run(*FAST, '--format', 'json', SAMPLE, '--output', path)
    check_result(json.loads(read(path)), SAMPLE)


def test_outputs_that_cannot_be_written():
    fails(*FAST, SAMPLE, '-o', '/nowhere/x', code=5, name='/nowhere/x', kind='I/O')
    fails(*FAST, SAMPLE, '-o', '/dev/full', code=5, name='/dev/full', kind='I/O', says='space')
    fails('features', SAMPLE, '-o', '/nowhere/x', code=5, name='/nowhere/x', kind='I/O')
    fails('features', SAMPLE, '-o', '/dev/full', code=5, name='/dev/full', kind='I/O')
    path = npy('empty.npy', need_numpy().zeros((0, 29), 'f4'))
    fails('decode', path, '-o', '/dev/full', code=5, name='/dev/full', kind='I/O')


def run_into(stdout, *arguments):
    done = subprocess.run([PROGRAM, *arguments], stdout=stdout, stderr=subprocess.PIPE, check=False,
                          timeout=60)
    return done.returncode, done.stderr.decode()


def test_full_disk_behind_stdout():
    for arguments in ([SAMPLE, *FAST], ['--help'], ['--version'], ['inspect', '--help'],
                      [SAMPLE, *FAST, '--format', 'jsonl', '--partials']):
        with open('/dev/full', 'wb') as full:
            code, err = run_into(full, *arguments)
        assert code == 5 and 'I/O' in err and len(err.splitlines()) == 1, (arguments, code, err)


def test_closed_stdout():
    for arguments in ([SAMPLE, *FAST], ['--help'], [SAMPLE, SAMPLE, *FAST]):
        reader, writer = os.pipe()
        os.close(reader)
        code, err = run_into(writer, *arguments)
        os.close(writer)
        assert code == 5 and 'Broken pipe' in err and len(err.splitlines()) == 1, (code, err)
        done = subprocess.run(['sh', '-c', '"$0" "$@" >&-', PROGRAM, *arguments], check=False,
                              stderr=subprocess.PIPE, timeout=60)
        assert done.returncode == 5 and b'I/O' in done.stderr, done


def test_nothing_is_left_of_a_file_that_failed():
    folder = temporary('leftovers')
    os.makedirs(folder, exist_ok=True)
    missing = os.path.join(folder, 'missing.wav')
    fails('features', missing, '-o', os.path.join(folder, 'x.npy'), code=4)
    assert os.listdir(folder) == []


def test_every_command_has_been_tried_without_stdin():
    for command in COMMANDS:
        done = subprocess.run(['sh', '-c', '"$0" "$1" --help <&- 2>&-', PROGRAM, command],
                              stdout=subprocess.PIPE, check=False, timeout=60)
        assert done.returncode == 0 and done.stdout, command
