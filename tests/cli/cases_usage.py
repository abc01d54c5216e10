"""Help, options, mistakes in the command line, models that are refused.

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re

from support import (BUNDLED, COMMANDS, SOURCE, Skip, fails, read, run, shared, short_sample,
                     temporary, write)

SAMPLE = short_sample()


def options_of(command):
    text = run(command, '--help').out
    return sorted(set(re.findall(r'^ +(?:-\w, )?(--[a-z-]+)', text, re.M)))


def test_no_arguments_print_the_usage_on_stderr():
    result = run(code=2)
    assert result.out == '' and result.err.startswith('usage: dsinfer')


def test_help_is_on_stdout_and_fits_a_terminal():
    for arguments in [[]] + [[command] for command in COMMANDS]:
        for option in ('--help', '-h'):
            result = run(*arguments, option)
            assert result.out.startswith('usage: dsinfer') and result.err == ''
            assert 'Examples:' in result.out
            assert max(len(line) for line in result.out.splitlines()) <= 80, result


def test_help_of_the_program_names_every_command():
    text = run('--help').out
    for command in COMMANDS:
        assert re.search(r'^  %s ' % command, text, re.M), command


def test_version_is_printed():
    assert re.fullmatch(r'dsinfer \d+\.\d+\.\d+\n', run('--version').out)


def test_man_page_has_every_option_and_no_other():
    page = read(os.path.join(SOURCE, 'bin', 'dsinfer.1')).decode().replace('\\-', '-')
    in_page = set(re.findall(r'--[a-z][a-z-]+', page))
    in_help = {'--version'}
    for command in COMMANDS:
        in_help.update(options_of(command))
    assert in_help == in_page, in_help ^ in_page


def test_unknown_word_is_named():
    fails('frobnicate', code=2, name='frobnicate', kind='usage')
    fails('transcirbe', code=2, name='transcirbe', kind='usage', says="'transcribe'")
    fails('dictate', code=2, name='dictate', kind='usage')


def test_word_with_a_dot_or_slash_is_a_file():
    fails('missing.wav', code=4, name='missing.wav', kind='I/O')
    fails('./missing', code=4, name='./missing', kind='I/O')


def test_unknown_option_names_the_nearest():
    for command in COMMANDS:
        result = fails(command, '--hepl', code=2, name='--hepl', kind='usage')
        assert '--help' in result.err
    fails('transcribe', '--formt', 'json', SAMPLE, code=2, name='--formt', says='--format')
    fails('transcribe', '--beam', '3', SAMPLE, code=2, name='--beam', says='--beam-width')
    fails('transcribe', '-model', 'x', SAMPLE, code=2, name='-model', says='--model')
    fails('transcribe', '-x', SAMPLE, code=2, name='-x')
    fails('--formt', 'json', SAMPLE, code=2, name='--formt', says='--format')


def test_options_of_later_features_are_unknown():
    fails('transcribe', '--jobs', 'x', SAMPLE, code=2, name='--jobs', kind='usage')
    fails('transcribe', '--format', 'ass', SAMPLE, code=2, name='--format', says="'ass'")


def test_numbers_are_numbers():
    for value in ('abc', '', '1x', '-1', '0', 'nan', 'inf', '1e3', ' 5', '5.0', '65537', '9' * 30):
        fails('transcribe', '--beam-width=' + value, SAMPLE, code=2, name='--beam-width',
              kind='usage')
    fails('transcribe', '--steps', '65', SAMPLE, code=2, name='--steps')
    fails('transcribe', '--raw', '--rate', '3', SAMPLE, code=2, name='--rate')
    fails('features', '--model-rate', 'x', SAMPLE, '-o', 'x.npy', code=2, name='--model-rate')


def test_values_that_are_missing_or_too_many():
    fails('transcribe', SAMPLE, '--model', code=2, name='--model', kind='usage')
    fails('transcribe', SAMPLE, '--model', '--partials', code=2, name='--model')
    fails('transcribe', '--partials=yes', SAMPLE, code=2, name='--partials=yes')
    fails('transcribe', '--kernels', 'fast', SAMPLE, code=2, name='--kernels', says='native')


def test_inputs_that_are_missing_or_too_many():
    for command in ('transcribe', 'inspect', 'run', 'features', 'decode'):
        fails(command, code=2, name=command, kind='usage')
    fails('inspect', SAMPLE, SAMPLE, code=2, name='inspect')
    fails('features', SAMPLE, code=2, name='--output')
    fails('bench', SAMPLE, SAMPLE, code=2, name='bench')
    fails('transcribe', '-', '-', code=2, name='-')
    fails('transcribe', '--raw', BUNDLED, code=2, name=BUNDLED)


def test_options_that_need_another():
    for option, value in (('--rate', '8000'), ('--channels', '2'), ('--encoding', 'u8')):
        fails('transcribe', option, value, SAMPLE, code=2, name=option, says='--raw')


def test_output_over_an_input_is_refused():
    path = write('precious.wav', read(SAMPLE))
    fails('transcribe', path, '-o', path, code=2, name=path, kind='usage')
    fails('features', path, '-o', path, code=2, name=path, kind='usage')
    fails('transcribe', SAMPLE, '-m', path, '-o', path, code=2, name=path, kind='usage')
    fails('transcribe', SAMPLE, '--alphabet', path, '-o', path, code=2, name=path, kind='usage')
    assert read(path) == read(SAMPLE)


def test_underscores_and_other_spellings():
    expected = run('transcribe', '--beam-width', '20', SAMPLE).out
    for spelling in (['--beam_width', '20'], ['--beam_width=20'], ['--beam-width=20']):
        assert run('transcribe', *spelling, SAMPLE).out == expected
        assert run(*spelling, SAMPLE).out == expected
    assert run('--beam-width', '1', '--beam-width', '20', '--', SAMPLE).out == expected
    assert run('transcribe', '--beam-width', '20', '--no_vad', SAMPLE).out == expected


def test_last_option_counts_and_options_may_follow_files():
    expected = run('transcribe', '--decoder', 'greedy', SAMPLE).out
    assert run(SAMPLE, '--decoder', 'tensorflow', '--decoder=greedy').out == expected


def test_broken_models_are_refused():
    for path in (write('not.pb', b'\x00\xffhello'), write('empty.pb', b''), temporary('missing.pb'),
                 BUNDLED):
        fails('transcribe', '-m', path, SAMPLE, code=3, name=path)
        fails('run', path, '--output', 'logits=x.npy', code=3, name=path)
        fails('inspect', path, code=3, name=path)
        fails('bench', '-m', path, code=3, name=path)


def test_broken_alphabets_are_refused():
    model = os.path.join(BUNDLED, 'output_graph.pb')
    for path in (write('short.txt', b'a\nb\n'), temporary('missing.txt')):
        fails('transcribe', '-m', model, '--alphabet', path, SAMPLE, code=3, name=path)
        fails('transcribe', '--alphabet', path, SAMPLE, code=3, name=path)
    fails('transcribe', '-m', '/nowhere', '--alphabet', '/nowhere/too', SAMPLE, code=3,
          name='/nowhere')


def test_names_in_a_model_cannot_speak_to_the_terminal():
    graph = read(os.path.join(BUNDLED, 'output_graph.pb'))
    model = write('escape.pb', graph.replace(b'input_node', b'inp\x1b[7mode'))
    assert 'inp?[7mode' in run('inspect', model).out
    assert '\x1b' not in run('inspect', model).out + run('inspect', '--json', model).out


def test_a_label_cannot_break_the_line():
    alphabet = read(os.path.join(BUNDLED, 'alphabet.txt'))
    for label in ('\x7f', '\x85', '\x9b', '\u2028', '\u202e', '\u2066'):
        letters = write('control.txt', alphabet.replace(b'e\n', label.encode() + b'\n'))
        assert run('transcribe', '--no-lm', '--alphabet', letters, SAMPLE).out.startswith('sh? f?l')
    for label in ('\xa0', '\xe9', '\u2027', '\u8a9e', '\U0001f600'):
        letters = write('letter.txt', alphabet.replace(b'e\n', label.encode() + b'\n'))
        assert run('transcribe', '--no-lm', '--alphabet', letters, SAMPLE).out.startswith(
            'sh%s f%slt' % (label, label))
    letters = write('tab.txt', alphabet.replace(b'e\n', b'\t\n'))
    assert run('transcribe', '--no-lm', '--alphabet', letters, SAMPLE).out.startswith('sh? f?lt')


def test_a_word_far_from_every_command_gets_no_suggestion():
    for word in ('', 'foo', 'xyz'):
        fails(word, code=2, name=word or "''", says='see dsinfer --help')


def test_malformed_graphs_have_the_class_of_their_manifest():
    import json
    cases = json.loads(read(shared('oracle', 'graphs', 'errors', 'manifest.json')))['cases']
    n = 0
    for case in cases:
        if case['file'].rsplit('.', 1)[-1] not in ('pb', 'pbmm'):
            continue
        kind = case['expected_error_class']
        path = shared('oracle', 'graphs', 'errors', case['file'])
        if kind in ('malformed file', 'unsupported', 'resources'):
            fails('inspect', path, code=3, name=path, kind=kind, timeout=20)
            fails('transcribe', '-m', path, SAMPLE, code=3, name=path, kind=kind, timeout=20)
            n += 1
    if not n:
        raise Skip('no case fits')


def test_fallback_to_the_english_alphabet_is_said():
    path = write('lonely.pb', read(os.path.join(BUNDLED, 'output_graph.pb')))
    result = run('-m', path, '--no-lm', SAMPLE)
    assert 'English' in result.err and len(result.err.splitlines()) == 1, result
    assert result.out == run('--no-lm', SAMPLE).out
    assert run(SAMPLE).err == ''
