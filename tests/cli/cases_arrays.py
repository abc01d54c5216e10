"""run, features, decode: arrays in and out.

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import os
import struct

from support import (BUNDLED, SAMPLE, fails, need_numpy, npy, read, run, shared, temporary, text_of,
                     wav, write)

CASE = 'ds030-h64-s7'


def model():
    return shared('oracle', 'graphs', CASE, 'output_graph.pb')


def load(*parts):
    return need_numpy().load(shared('oracle', 'graphs', *parts))


def golden(name):
    return load(CASE, 'golden', name + '.npy')


def near(a, b, tolerance, what=''):
    numpy = need_numpy()
    assert a.shape == b.shape, (what, a.shape, b.shape)
    worst = numpy.abs(a.astype('f8') - b).max() if a.size else 0.0
    assert worst <= tolerance, (what, worst)


def run_model(inputs, outputs, path=None):
    """Runs a model; inputs are arrays, outputs names. Returns arrays by name."""
    numpy = need_numpy()
    arguments = [path or model()]
    for i, (name, array) in enumerate(inputs.items()):
        arguments += ['--input', '%s=%s' % (name, npy('in%d.npy' % i, array))]
    for i, name in enumerate(outputs):
        arguments += ['--output', '%s=%s' % (name, temporary('out%d.npy' % i))]
    result = run('run', *arguments)
    assert result.out == ''
    return {name: numpy.load(temporary('out%d.npy' % i)) for i, name in enumerate(outputs)}


def check_sequence(case, file, windows, name):
    folder = 'golden-rounded' if 'rounded' in file else 'golden'
    got = run_model({'windows': windows}, ['logits', 'new_h', 'new_c'],
                    shared('oracle', 'graphs', case, file))
    for output, tolerance in (('logits', 2e-5), ('new_h', 2e-5), ('new_c', 1e-4)):
        expected = load(case, folder, '%s.%s.npy' % (name, output))
        near(got[output] if output == 'logits' else got[output][-1:],
             expected if output == 'logits' else expected[-1:], tolerance, (case, file, output))
        assert got[output].shape == expected.shape


def test_sequences_of_calls_give_the_numbers_of_tensorflow():
    for name, file in (('real', 'ds03.real.npy'), ('random', 'random.npy'),
                       ('extreme', 'extreme.npy')):
        windows = load('inputs', file)
        n = golden(name + '.logits').shape[0]
        check_sequence(CASE, 'output_graph.pb', windows[:n], name)


def test_every_file_of_the_family_runs():
    windows = load('inputs', 'ds03.real.npy')[:8]
    for case, file in ((CASE, 'output_graph.pbmm'), (CASE, 'output_graph.rounded.pb'),
                       (CASE, 'output_graph.rounded.pbmm'),
                       ('ds030-h100-s11', 'output_graph.pb'),
                       ('ds030-tf16-h64-s7', 'output_graph.pb')):
        check_sequence(case, file, windows, 'real')


def test_lengths_give_the_numbers_of_tensorflow():
    numpy = need_numpy()
    windows, h, c = (golden('lengths.' + name) for name in ('windows', 'h', 'c'))
    windows = windows.reshape((1, 16, 19, 26))
    for i, length in enumerate((0, 1, 7, 15, 16)):
        for element in ('<i4', '<i8'):
            got = run_model({'windows': windows, 'h': h, 'c': c,
                             'lengths': numpy.array([length], element)},
                            ['logits', 'new_h', 'new_c'])
            near(got['logits'], golden('lengths.logits')[i], 2e-5, length)
            near(got['new_h'], golden('lengths.new_h')[i], 2e-5, length)
            near(got['new_c'], golden('lengths.new_c')[i], 1e-4, length)


def test_calls_are_single_calls_with_carried_states():
    numpy = need_numpy()
    windows = load('inputs', 'ds03.real.npy')[:3]
    whole = run_model({'windows': windows}, ['logits', 'new_c'])
    h = c = numpy.zeros((1, 64), 'f4')
    for i in range(3):
        got = run_model({'windows': windows[i], 'h': h, 'c': c}, ['logits', 'new_h', 'new_c'])
        near(got['logits'], whole['logits'][i], 1e-6)
        near(got['new_c'], whole['new_c'][i], 1e-6)
        h, c = got['new_h'], got['new_c']
    start = run_model({'windows': windows[:1]}, ['new_h', 'new_c'])
    rest = run_model({'windows': windows[1:], 'h': start['new_h'][0], 'c': start['new_c'][0]},
                     ['logits'])
    near(rest['logits'], whole['logits'][1:], 1e-6)


def test_lengths_may_differ_from_call_to_call():
    numpy = need_numpy()
    windows = load('inputs', 'ds03.real.npy')[:2]
    both = run_model({'windows': windows, 'lengths': numpy.array([[5], [16]], '<i4')}, ['new_c'])
    first = run_model({'windows': windows[0], 'lengths': numpy.array([5], '<i4')},
                      ['new_h', 'new_c'])
    near(both['new_c'][0], first['new_c'], 1e-6)
    second = run_model({'windows': windows[1], 'h': first['new_h'], 'c': first['new_c']}, ['new_c'])
    near(both['new_c'][1], second['new_c'], 1e-6)


def test_any_number_of_steps_and_streams():
    windows = load('inputs', 'ds03.real.npy')[:4]
    whole = run_model({'windows': windows}, ['logits', 'new_h'])
    flat = windows.reshape((1, 64, 19, 26))
    for steps in (1, 16, 64):
        cut = flat.reshape((64 // steps, 1, steps, 19, 26))
        got = run_model({'windows': cut}, ['logits'])
        near(got['logits'].reshape((64, 29)), whole['logits'].reshape((64, 29)), 2e-5, steps)
    side_by_side = windows.reshape((4, 16, 19, 26))
    got = run_model({'windows': side_by_side}, ['logits', 'new_h'])
    assert got['logits'].shape == (16, 4, 29) and got['new_h'].shape == (4, 64)
    near(got['logits'][:, 0], whole['logits'][0][:, 0], 2e-5)


def test_precision_rounds_the_network_but_no_other_node():
    numpy = need_numpy()
    windows = load('inputs', 'ds03.real.npy')[0]
    got = {}
    for precision in ('fp32', 'bf16', 'int8'):
        paths = [temporary(name) for name in ('logits.npy', 'node.npy')]
        for path, name in zip(paths, ('logits', 'Minimum_2')):
            run('run', model(), '--precision', precision, '--input',
                'windows=' + npy('windows.npy', windows), '--output', '%s=%s' % (name, path))
        got[precision] = [numpy.load(path) for path in paths]
    exact = got['fp32']
    # A rounded weight is off by at most 2^-9, and by 1/254 of its column's largest.
    for precision, limit in (('bf16', 0.02), ('int8', 0.1)):
        difference = numpy.abs(got[precision][0] - exact[0]).max()
        assert 0 < difference < limit * numpy.abs(exact[0]).max(), (precision, difference)
        near(got[precision][1], exact[1], 0, precision)
    fails('run', model(), '--precision', 'int4', '--input', 'windows=x.npy', code=2,
          name='--precision')


def test_nodes_are_known_by_their_names():
    windows = load('inputs', 'ds03.real.npy')[:2]
    by_role = run_model({'windows': windows[0]}, ['logits', 'new_h'])
    by_name = run_model({'input_node': windows[0]},
                        ['raw_logits', 'raw_logits:0', 'lstm_fused_cell/GatherNd_1'])
    assert (by_name['raw_logits'].ravel() == by_role['logits'].ravel()).all()
    assert (by_name['raw_logits:0'] == by_name['raw_logits']).all()
    near(by_name['lstm_fused_cell/GatherNd_1'], by_role['new_h'], 1e-6)


def test_mistakes_in_names_are_named():
    windows = npy('windows.npy', load('inputs', 'ds03.real.npy')[0])
    given = [model(), '--input', 'windows=' + windows]
    fails('run', *given, '--output', 'logit=x.npy', code=2, kind='usage', says='logit')
    fails('run', model(), '--input', 'window=' + windows, '--output', 'logits=x.npy', code=2,
          kind='usage', says='window')
    fails('run', *given, code=2, name='--output')
    fails('run', *given, '--output', 'logits', code=2, name='--output')
    fails('run', *given, '--input', 'windows=' + windows, '--output', 'logits=x', code=2)
    fails('run', *given, '--output', 'logits=x', '--output', 'new_h=x', code=2, name='--output')
    assert not os.path.exists('x.npy') and not os.path.exists('x')


def test_arrays_that_do_not_fit_are_refused():
    numpy = need_numpy()
    windows = npy('windows.npy', load('inputs', 'ds03.real.npy')[0])
    zeros = lambda shape, element='<f4': npy('bad.npy', numpy.zeros(shape, element))
    out = ['--output', 'logits=' + temporary('never.npy')]
    for path in (zeros((1, 16, 19, 25)),):
        fails('run', model(), '--input', 'windows=' + path, *out, code=4, name=path)
    for shape, element in (((16, 19, 26), '<f4'), ((1, 0, 19, 26), '<f4'), ((1, 16, 19, 26), '<f8'),
                           ((1, 16, 19, 26), '>f4'), ((1, 16, 19, 26), '<i4')):
        path = zeros(shape, element)
        fails('run', model(), '--input', 'windows=' + path, *out, code=4, name=path)
    for name, array in (('h', numpy.zeros((1, 63), 'f4')), ('c', numpy.zeros((2, 64), 'f4')),
                        ('lengths', numpy.array([17], '<i4')),
                        ('lengths', numpy.array([-1], '<i4')),
                        ('lengths', numpy.array([1, 2], '<i4')),
                        ('lengths', numpy.array([1 << 40], '<i8')),
                        ('lengths', numpy.array([1], '<f4'))):
        path = npy('bad.npy', array)
        fails('run', model(), '--input', 'windows=' + windows, '--input', name + '=' + path, *out,
              code=4, name=path)
    assert not os.path.exists(temporary('never.npy'))


def test_an_output_may_replace_an_input_but_not_the_model():
    numpy = need_numpy()
    windows, state = temporary('w.npy'), temporary('h.npy')
    network = write('m.pb', read(os.path.join(BUNDLED, 'output_graph.pb')))
    numpy.save(windows, numpy.zeros((1, 2, 19, 26), numpy.float32))
    numpy.save(state, numpy.ones((1, 384), numpy.float32))
    fails('run', network, '-i', 'windows=' + windows, '-o', 'logits=' + network, code=2,
          name=network, kind='usage')
    run('run', network, '-i', 'windows=' + windows, '-i', 'h=' + state, '-o', 'new_h=' + state)
    assert (numpy.load(state) != 1).all()


def test_damaged_arrays_are_refused():
    numpy = need_numpy()
    good = read(npy('good.npy', numpy.zeros((3, 29), 'f4')))
    header = good[:128]
    damaged = [
        b'', good[:5], good[:100], good[:-1], good + b'x', b'X' + good[1:],
        good[:6] + b'\x09' + good[7:], good[:8] + b'\xff\xff' + good[10:],
        good.replace(b'(3, 29)', b'(3, 28)'), good.replace(b'(3, 29)', b'(3 29) '),
        good.replace(b'(3, 29)', b'(-3,29)'), good.replace(b'<f4', b'<c8'),
        good.replace(b'False', b'True '), good.replace(b'descr', b'desc_'),
        good.replace(b'(3, 29), }', b'(99999999999999999999, 29), }'[:10]),
        header.replace(b'(3, 29)', b'(0, 29)') + b'y',
    ]
    for i, data in enumerate(damaged):
        path = write('damaged%d.npy' % i, data)
        fails('decode', path, code=4, name=path)
    huge = b"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967295, 4294967295, 29)}"
    path = write('huge.npy', good[:8] + struct.pack('<H', len(huge)) + huge)
    fails('decode', path, code=4, name=path)


def test_newer_versions_of_arrays_are_read():
    numpy = need_numpy()
    array = numpy.zeros((0, 29), '<f4')
    for version in ((1, 0), (2, 0), (3, 0)):
        path = temporary('version.npy')
        with open(path, 'wb') as file:
            numpy.lib.format.write_array(file, array, version)
        assert run('decode', path).out == '\n'


def test_features_are_those_of_the_genuine_client():
    numpy = need_numpy()
    folder = shared('oracle', 'frontend')
    n = 0
    for name in sorted(os.listdir(os.path.join(folder, 'v030'))):
        if not name.endswith('.feats.npy'):
            continue
        audio = os.path.join(folder, 'signals', name[:-10] + '.wav')
        if not os.path.exists(audio):
            audio = shared('audio', name[:-10] + '.wav')
        out = temporary('feats.npy')
        run('features', audio, '-o', out)
        got, expected = numpy.load(out), numpy.load(os.path.join(folder, 'v030', name))
        assert got.dtype == numpy.float32 and got.shape == expected.shape, name
        assert (numpy.abs(got - expected) <= 1e-3 + 1e-5 * numpy.abs(expected)).all(), name
        n += 1
    assert n > 40


def test_features_of_a_model_are_those_of_its_family():
    numpy = need_numpy()
    plain, by_model = temporary('plain.npy'), temporary('model.npy')
    run('features', SAMPLE, '-o', plain)
    run('features', SAMPLE, '-o', by_model, '-m', os.path.join(BUNDLED, 'output_graph.pb'))
    assert read(plain) == read(by_model)
    run('features', SAMPLE, '--family', 'ds03', '--model-rate=16000', '-o', by_model)
    assert read(plain) == read(by_model)
    empty = write('empty.wav', wav(b''))
    run('features', empty, '-o', plain)
    assert numpy.load(plain).shape == (1, 26)


def test_features_of_no_audio_are_refused():
    path = write('no.wav', b'nothing at all, really')
    fails('features', path, '-o', temporary('never.npy'), code=4, name=path, kind='audio')
    fails('features', SAMPLE, '--model-rate', '12345', '-o', temporary('never.npy'), code=2,
          name='--model-rate')
    fails('features', SAMPLE, '-m', path, '-o', temporary('never.npy'), code=3, name=path)
    assert not os.path.exists(temporary('never.npy'))


def test_decode_gives_the_text_of_transcribe():
    numpy = need_numpy()
    n_context = 9
    frames = temporary('frames.npy')
    run('features', SAMPLE, '-o', frames)
    rows = numpy.pad(numpy.load(frames), ((n_context, n_context), (0, 0)))
    windows = numpy.stack([rows[i:i + 19] for i in range(len(rows) - 18)])[None]
    logits = run_model({'windows': windows}, ['logits'], os.path.join(BUNDLED, 'output_graph.pb'))
    path = npy('logits.npy', logits['logits'][:, 0])
    for options in (['--decoder', 'greedy'], ['--beam-width', '20'], ['--decoder', 'prefix'], []):
        assert text_of('decode', *options, path) == text_of('--no-lm', *options, SAMPLE)
    lm = ['--lm', os.path.join(BUNDLED, 'lm.binary')]
    weights = json.loads(read(os.path.join(BUNDLED, 'decoder.json')))
    for kind in ('tensorflow', 'prefix'):
        options = ['--decoder', kind]
        alpha, beta = (str(weights[kind][name]) for name in ('alpha', 'beta'))
        assert text_of('decode', *options, *lm, '--lm-alpha', alpha, '--lm-beta=' + beta,
                       path) == text_of(*options, SAMPLE), kind
    ours = run('decode', '--format', 'json', path).json()
    theirs = run('--no-lm', '--format', 'json', SAMPLE).json()
    assert ours['file'] == path and ours['words'] and len(ours['words']) == len(theirs['words'])
    assert [w['start'] for w in ours['words']] == [w['start'] for w in theirs['words']]


def test_decode_takes_several_files():
    numpy = need_numpy()
    empty = npy('empty.npy', numpy.zeros((0, 29), 'f4'))
    wide = npy('wide.npy', numpy.zeros((4, 31), 'f4'))
    assert run('decode', empty, empty).out == '\n\n'
    assert len(run('decode', '--format', 'jsonl', empty, empty).lines()) == 2
    assert len(run('decode', '--format', 'json', empty, empty).json()) == 2
    fails('decode', wide, code=4, name=wide, says='29')
    result = run('decode', empty, wide, empty, code=1)
    assert result.out == '\n\n' and wide in result.err
    labels = write('alphabet.txt', b'a\nb\n')
    path = npy('three.npy', numpy.array([[9, 0, 0], [0, 0, 9], [0, 9, 0]], 'f4'))
    assert text_of('decode', '--alphabet', labels, path) == 'ab'
    assert text_of('decode', '--alphabet', labels, '--decoder', 'greedy', path) == 'ab'
    fails('decode', '--alphabet', temporary('missing.txt'), path, code=3)
