"""Conversion: Model Optimizer's flags, the files, and what other software makes of them.

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re
import shlex
import signal
import subprocess

from support import (BUNDLED, PROGRAM, SOURCE, Skip, fails, need_numpy, read, run, shared,
                     temporary, write)

MODEL = os.path.join(BUNDLED, 'output_graph.pb')
N_CELL = 384
CASES = {'ds030-h64-s7': 64, 'ds030-h100-s11': 100, 'ds030-tf16-h64-s7': 64}
STATES = 'lstm_fused_cell/GatherNd,lstm_fused_cell/GatherNd_1'


def folder(name):
    path = temporary(name)
    os.makedirs(path, exist_ok=True)
    return path


def page(n_cell=N_CELL, freeze='input_lengths->[16]', outputs='raw_logits,' + STATES):
    """The arguments of the command that the page on conversion shows."""
    return ['--freeze_placeholder_with_value', freeze,
            '--input', 'input_node,previous_state_h/read,previous_state_c/read',
            '--input_shape', '[1,16,19,26],[1,%d],[1,%d]' % (n_cell, n_cell),
            '--output', outputs, '--disable_nhwc_to_nchw']


def convert(name, *arguments, model=MODEL, **options):
    """Converts to a fresh folder; the bytes of both files and what the program said."""
    where = folder(name)
    result = run('convert', '--input_model', model, '--output_dir', where, *arguments, **options)
    files = sorted(os.listdir(where))
    assert len(files) == 2 and files[0].endswith('.bin') and files[1].endswith('.xml'), files
    return read(os.path.join(where, files[1])), read(os.path.join(where, files[0])), result


def genuine(case):
    return shared('oracle', 'graphs', case, 'output_graph.pb')


def old_model(where):
    """Stands in for a model: what is in the folder."""
    old = {'m.xml': b'old xml', 'm.bin': b'old bin'}
    for name, data in old.items():
        with open(os.path.join(where, name), 'wb') as file:
            file.write(data)
    return old


def contents(where):
    return {name: read(os.path.join(where, name)) for name in os.listdir(where)}


def test_the_pages_command_works_on_every_graph_of_its_release():
    for case, n_cell in CASES.items():
        xml, data, result = convert(case, *page(n_cell), model=genuine(case))
        assert b'version="10"' in xml[:512] and len(data) > 4 * n_cell * n_cell * 8
        assert b'names="input_node,input_node:0"' in xml
        assert re.search(rb'names="[^"]*previous_state_c/read,previous_state_c/read:0', xml)
        assert 'in one order as inputs' in result.err
        assert ("'lstm_fused_cell/Gather_1' of this graph" in result.err) == ('tf16' in case)


def test_without_flags_everything_is_found_and_the_command_is_printed():
    xml, data, result = convert('bare')
    command = re.search(r'^  dsinfer (convert .*)$', result.out, re.M).group(1)
    arguments = shlex.split(command)
    assert 'input_lengths->[16]' in arguments
    again = folder('explicit')
    run(*arguments, '--output_dir', again)
    assert read(os.path.join(again, 'output_graph.xml')) == xml
    assert read(os.path.join(again, 'output_graph.bin')) == data
    assert convert('page', *page())[:2] == (xml, data)


def test_the_same_input_gives_the_same_bytes():
    assert convert('once', '--data_type', 'FP16')[:2] == convert('twice', '--data_type=half')[:2]


def test_shapes_and_values_may_stand_in_input():
    expected = convert('outside', *page())[:2]
    inside = ('input_lengths->[16],input_node[1 16 19 26],previous_state_h/read[1 %d],'
              '0:previous_state_c/read[1,%d]{f32}' % (N_CELL, N_CELL))
    assert convert('inside', '--input', inside, '--output', 'raw_logits,' + STATES)[:2] == expected
    for name in ('previous_state_c/read:0', 'previous_state_c:0', 'previous_state_c'):
        names = 'input_node,previous_state_h/read,' + name
        assert convert('ports', '--input', names)[:2] == expected


def test_an_arrow_that_the_shell_took_is_explained():
    where = folder('arrow')
    line = ' '.join([shlex.quote(PROGRAM), 'convert --input_model', shlex.quote(MODEL)] + page())
    done = subprocess.run(['bash', '-c', line], cwd=where, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert b"'input_lengths->[16]'" in done.stderr and done.stdout == b''
    assert read(os.path.join(where, '[16]')) == b''
    expected = convert('quoted', *page())
    assert read(os.path.join(where, 'output_graph.xml')) == expected[0]
    assert read(os.path.join(where, 'output_graph.bin')) == expected[1]


def test_an_arrow_that_the_shell_took_with_blanks_after_it_is_explained_too():
    for flags in ('--input input_lengths->[16],input_node[1 16 19 26]',
                  '--freeze_placeholder_with_value input_lengths->[16 16]',
                  '--input input_node,input_lengths->[16] --input_shape [1,16,19,26],[1],[2]'):
        where = folder('torn')
        line = ' '.join([shlex.quote(PROGRAM), 'convert --input_model', shlex.quote(MODEL), flags])
        done = subprocess.run(['bash', '-c', line], cwd=where, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60, check=False)
        assert done.returncode == 2 and done.stdout == b'', done
        assert b'quotes' in done.stderr and done.stderr.count(b'\n') == 1, done.stderr
        assert not [name for name in os.listdir(where) if name.endswith(('.xml', '.bin'))]


def test_the_printed_command_makes_the_same_files():
    where = folder('first')
    result = run('convert', MODEL, '--output_dir', where, '--model_name', "it's m",
                 '--data_type=half')
    old = contents(where)
    for name in old:
        os.remove(os.path.join(where, name))
    command = re.search(r'^  dsinfer (convert .*)$', result.out, re.M).group(1)
    run(*shlex.split(command))
    assert contents(where) == old and len(old) == 2


def test_a_dry_run_writes_nothing():
    where = folder('dry')
    result = run('convert', MODEL, '--output_dir', where, '--dry-run', '--model_name', 'some')
    assert os.listdir(where) == []
    for text in ('input_node [1,16,19,26]', 'previous_state_h/read [1,384]',
                 'raw_logits [16,1,29]', 'some.xml', 'some.bin'):
        assert text in result.out, result


def test_any_subset_of_outputs_and_other_sizes():
    xml = convert('one', '--output', 'raw_logits')[0]
    assert xml.count(b'type="Result"') == 4 and b'GatherNd' not in xml
    xml = convert('layer', '--output', 'Minimum_1,lstm_fused_cell/GatherNd')[0]
    assert b'names="Minimum_1,Minimum_1:0"' in xml
    xml = convert('sizes', '--input', 'input_node,previous_state_c/read', '--input_shape',
                  '(2,32,19,26),[2, 384]')[0]
    assert b'shape="2,32,19,26"' in xml and b'<dim>32</dim><dim>2</dim><dim>29</dim>' in xml


def test_weights_of_a_byte_are_near_the_others():
    numpy = need_numpy()
    windows, logits = temporary('windows.npy'), temporary('logits.npy')
    numpy.save(windows, numpy.random.default_rng(2).standard_normal((2, 1, 16, 19, 26), 'f4'))
    results, sizes = [], []
    for arguments in ([], ['--quantize', 'int8'], ['--quantize=int8', '--ir_version=11'],
                      ['--quantize=int8', '--input', 'input_node,input_lengths']):
        xml, data, _ = convert('int8', *arguments)
        assert xml.count(b'element_type="i8"') == 6 * bool(arguments)
        run('run', os.path.join(folder('int8'), 'output_graph.xml'), '--input',
            'windows=' + windows, '--output', 'logits=' + logits)
        results.append(numpy.load(logits))
        sizes.append(len(data))
    assert max(sizes[1:]) < 0.34 * sizes[0]  # the first layer stays as it is
    assert 0 < numpy.abs(results[1] - results[0]).max() < 0.02 * numpy.abs(results[0]).max()
    assert numpy.array_equal(results[1], results[2]) and numpy.array_equal(results[1], results[3])
    assert 'stays FP32' in convert('half', '--quantize=int8', '--data_type=FP16')[2].err


def test_weights_that_are_no_numbers_cannot_be_quantized():
    data = bytearray(read(MODEL))
    data[len(data) // 2:len(data) // 2 + 8] = b'\xff' * 8
    path, where = write('nan.pb', data), folder('nan')
    fails('convert', path, '--output_dir', where, '--quantize', 'int8', code=5,
          name=os.path.join(where, 'nan.bin'), says='no numbers')
    assert os.listdir(where) == []


def test_states_may_be_kept_by_the_engine():
    numpy = need_numpy()
    windows, results = temporary('windows.npy'), []
    numpy.save(windows, numpy.random.default_rng(1).standard_normal((3, 1, 16, 19, 26), 'f4'))
    for arguments in ([], ['--stateful'], ['--stateful', '--data_type', 'FP32', *page()]):
        xml, _, result = convert('stateful', *arguments)
        assert xml.count(b'type="ReadValue"') == xml.count(b'type="Assign"') == 2 * bool(arguments)
        assert ('kept inside' in result.err) == (len(arguments) > 2)
        names = ('logits', 'new_h', 'new_c')
        run('run', os.path.join(folder('stateful'), 'output_graph.xml'), '--input',
            'windows=' + windows, *[word for name in names
                                    for word in ('--output', name + '=' + temporary(name))])
        results.append([numpy.load(temporary(name)) for name in names])
    for other in results[1:]:
        assert all(numpy.array_equal(a, b) for a, b in zip(results[0], other))


def test_states_in_equal_order_give_no_warning():
    swapped = 'raw_logits,lstm_fused_cell/GatherNd_1,lstm_fused_cell/GatherNd'
    assert convert('order', *page(outputs=swapped))[2].err == ''


def test_bad_flags_name_the_fix():
    def refuses(arguments, says, code=2):
        where = folder('refused')
        fails('convert', MODEL, '--output_dir', where, *arguments, code=code, name=MODEL, says=says)
        assert os.listdir(where) == []

    refuses(['--output', 'raw_logit'], "'raw_logits'")
    refuses(['--input', 'previous_state_h/reed'], "'previous_state_h/read'")
    refuses(['--input', '3:previous_state_h/read'], '1 inputs')
    refuses(['--input', 'input_node,input_node'], 'the same input')
    refuses(['--input', 'Minimum'], '0:Minimum')
    refuses(['--input', 'Relu'], 'does not exist any more', code=3)
    refuses(['--input', 'transpose:0'], 'cannot be an input', code=3)
    refuses(['--input', 'Minimum:0,0:MatMul_1'], 'the same input')
    refuses(['--input', 'Minimum:0[16 383]'], '[16,384]')
    refuses(['--input', 'Minimum:0{i32}'], 'cannot have the type', code=3)
    refuses(['--input', 'Minimum:0->1'], 'cannot be frozen', code=3)
    refuses(['--input', '', '--output', 'x'][2:], 'nearest')
    refuses(['--input', 'input_node,'], 'no name')
    refuses(['--input', 'input_node', '--input_shape', '[1,16,19,26],[1,384]'], '2 shapes')
    refuses(['--input', 'input_node[1 16 19 26]', '--input_shape', '[1,16,19,26]'], 'both')
    refuses(['--input', 'input_node', '--input_shape', '1,16,19,26'], 'cannot be parsed')
    refuses(['--input', 'input_node', '--input_shape', '[1,16,19,26'], 'cannot be parsed')
    for shape in ('[-1,16,19,26]', '[?,16,19,26]', '[1..4,16,19,26]', '[1, ?, 19, 26]'):
        refuses(['--input_shape', shape], 'not fully defined')
    refuses(['--input_shape', '[1,16,19,99999999999]'], 'cannot be parsed')
    refuses(['--input_shape', '[1,16,494]'], '[1,16,19,26]')
    refuses(['--input', 'previous_state_h/read[1 2048]'], '[1,384]')
    refuses(['--input', 'input_node[2 16 19 26],previous_state_h/read[1 384]'], 'disagree')
    refuses(['--freeze_placeholder_with_value', 'input_lengths'], 'input_lengths->[16]')
    refuses(['--freeze_placeholder_with_value', 'input_lengths->[17]'], 'input_lengths->[16]')
    refuses(['--freeze_placeholder_with_value', 'input_lengths->[abc]'], 'no whole number')
    refuses(['--freeze_placeholder_with_value', 'input_lengths->[16 16]'], '2 values')
    refuses(['--output', 'lstm_fused_cell/BlockLSTM:1'], 'does not exist any more', code=3)


def test_bad_options_are_refused():
    fails('convert', code=2, name='convert', kind='usage')
    fails('convert', MODEL, '--input_model', MODEL, code=2, name='convert')
    fails('convert', MODEL, '--data_type', 'FP8', code=2, name='--data-type')
    fails('convert', MODEL, '--ir_version', '7', code=2, name='--ir-version')
    fails('convert', MODEL, '--model_name', 'a/b', code=2, name='--model_name', says='--output_dir')
    fails('convert', MODEL, '--output_dir', '', code=2, name='--output-dir')
    fails('convert', MODEL, '--output_dir', MODEL, code=5, name=MODEL, says='no folder')
    below = os.path.join(MODEL, 'below')
    fails('convert', MODEL, '--output_dir', below, code=5, name=below, says='cannot be made')
    for path in (write('not.pb', b'\x00\xffhello'), temporary('missing.pb')):
        fails('convert', path, code=3, name=path)


def test_a_missing_folder_is_made():
    where = temporary('new')
    run('convert', MODEL, '--dry-run', '--output_dir', os.path.join(where, 'a', 'b'))
    assert not os.path.exists(where)
    for ending in ('', '/'):
        run('convert', MODEL, '--output_dir', os.path.join(where, 'a', 'b') + ending)
        assert len(os.listdir(os.path.join(where, 'a', 'b'))) == 2


def test_a_model_is_replaced_as_a_whole_or_not_at_all():
    where = folder('atomic')
    old = old_model(where)
    limited = 'ulimit -f 64; trap "" XFSZ; exec "$0" "$@"'
    done = subprocess.run(['bash', '-c', limited, PROGRAM, 'convert', MODEL, '--output_dir', where,
                           '--model_name', 'm'], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=60, check=False)
    assert done.returncode == 5 and done.stdout == b'', done
    assert b'm.bin: I/O: cannot be written: File too large\n' in done.stderr, done.stderr
    assert contents(where) == old
    run('convert', MODEL, '--output_dir', where, '--model_name', 'm')
    assert sorted(os.listdir(where)) == sorted(old)
    assert len(read(os.path.join(where, 'm.bin'))) > 1e6


def test_a_folder_in_the_place_of_a_file_is_left_alone():
    for name in ('m.xml', 'm.bin'):
        where = folder('in_the_way_of_' + name)
        old_model(where)
        os.remove(os.path.join(where, name))
        os.mkdir(os.path.join(where, name))
        fails('convert', MODEL, '--output_dir', where, '--model_name', 'm', code=5,
              name=os.path.join(where, name), kind='I/O')
        assert sorted(os.listdir(where)) == ['m.bin', 'm.xml']
        assert os.listdir(os.path.join(where, name)) == []


def test_a_signal_leaves_the_old_model_as_it_was():
    for number, code in ((signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)):
        where = folder('signal_%d' % number)
        old = old_model(where)
        temporary_seen = False
        with subprocess.Popen([PROGRAM, 'convert', MODEL, '--output_dir', where, '--model_name',
                               'm'], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            while process.poll() is None and not temporary_seen:
                temporary_seen = any(name.endswith('.tmp') for name in os.listdir(where))
            process.send_signal(number)
            process.communicate(timeout=60)
        left = contents(where)
        if process.returncode == 0:
            continue  # it was faster
        assert process.returncode == code, process.returncode
        assert {name: left.get(name) for name in old} == old
        if number != signal.SIGKILL:
            assert left == old


GRAPHS = ('ds011-h64-s7', 'ds030-h64-s7', 'ds030-tf16-h64-s7', 'ds041-h40-s2', 'ds051-h40-s3',
          'ds061-h40-s4', 'ds093-h64-s7')


def to(form, model, where):
    """Converts to .pb or .pbmm; the path of it."""
    run('convert', model, '--to', form, '--output_dir', where)
    name = os.path.basename(model).rsplit('.', 1)[0]
    return os.path.join(where, name + '.' + form)


def test_a_package_and_back_is_the_same_model():
    for case in GRAPHS:
        where = folder('package')
        package = to('pbmm', genuine(case), where)
        data = read(package)
        at = int.from_bytes(data[-8:], 'little')
        assert data[at:at + 1] == b'\n' and b'memmapped_package://' in data[at:]
        back = read(to('pb', package, where))
        # Maps have no order: attributes may stand in another.
        assert sorted(back) == sorted(read(genuine(case))), case
        assert read(to('pbmm', os.path.join(where, 'output_graph.pb'), folder('again'))) == data


def test_a_package_runs_as_its_frozen_graph():
    where = folder('run')
    for model in (genuine('ds030-h64-s7'), genuine('ds093-h64-s7')):
        package = to('pbmm', model, where)
        windows = shared('oracle', 'graphs', 'inputs', 'ds03.real.npy')
        results = []
        for path in (model, package):
            result = os.path.join(where, 'logits.npy')
            run('run', path, '--input', 'windows=' + windows, '--output', 'logits=' + result)
            results.append(read(result))
        assert results[0] == results[1]


def test_flags_of_an_ir_are_refused_elsewhere():
    for arguments in (['--input', 'input_node'], ['--output', 'logits'], ['--data_type', 'FP16'],
                      ['--stateful'],
                      ['--freeze_placeholder_with_value', 'input_lengths->[16]'],
                      ['--input_shape', '[1,16,19,26]']):
        fails('convert', MODEL, '--to', 'pbmm', *arguments, code=2, name=MODEL, says=arguments[0])
    where = folder('from_ir')
    run('convert', MODEL, '--output_dir', where)
    xml = os.path.join(where, 'output_graph.xml')
    fails('convert', xml, '--to', 'pb', code=3, name=xml, says='only frozen graphs')
    same = os.path.join(folder('same'), 'm.pb')
    with open(same, 'wb') as file:
        file.write(read(MODEL))
    fails('convert', same, '--to', 'pb', '--output_dir', os.path.dirname(same), code=2, name=same)
    assert read(same) == read(MODEL)


def pack(name, *arguments):
    """Path of a packed model in a fresh folder."""
    where = folder(name)
    run('convert', MODEL, '--to', 'packed', '--output_dir', where, '--model_name', 'm', *arguments)
    assert os.listdir(where) == ['m.dsinfer']
    return os.path.join(where, 'm.dsinfer')


def test_a_packed_model_says_what_it_was_made_of_says():
    sample = os.path.join(BUNDLED, 'sample.wav')
    for precision in ('fp32', 'bf16', 'int8'):
        path = pack('packed-' + precision, '--precision', precision)
        options = ['--format', 'json', '--beam-width', '50']
        expected = run('transcribe', '-m', MODEL, '--precision', precision, *options, sample).out
        assert run('transcribe', '-m', path, *options, sample).out == expected
        assert run('transcribe', '-m', path, '--precision', precision, '--threads', '2', *options,
                   sample).out == expected
        assert read(path) == read(pack('packed-again', '--precision', precision))
        os.remove(os.path.join(temporary('packed-again'), 'm.dsinfer'))


def test_states_go_from_a_model_to_its_packed_form():
    sample = os.path.join(BUNDLED, 'sample.wav')
    path = pack('packed-state')
    state = temporary('packed.state')
    run('transcribe', '-m', MODEL, '--save-state', state, sample)
    assert run('transcribe', '-m', path, '--load-state', state, sample).code == 0


def test_packed_models_are_for_one_kind_of_kernels_and_one_precision():
    sample = os.path.join(BUNDLED, 'sample.wav')
    path = pack('packed-reference', '--kernels', 'reference', '--precision', 'int8')
    assert run('transcribe', '-m', path, '--kernels', 'reference', sample).code == 0
    fails('transcribe', '-m', path, '--kernels', 'reference', '--precision', 'bf16', sample, code=3,
          name=path)
    other = pack('packed-native', '--precision', 'int8')
    if read(other) != read(path):
        fails('transcribe', '-m', other, '--kernels', 'reference', sample, code=3, name=other)
        fails('transcribe', '-m', other, '--kernels', 'reference', '--alphabet',
              os.path.join(BUNDLED, 'alphabet.txt'), sample, code=3, name=other)
    fails('convert', path, '--output_dir', folder('packed-no'), code=3, name=path)
    fails('convert', MODEL, '--precision', 'int8', code=2, name=MODEL)
    fails('convert', MODEL, '--to', 'packed', '--quantize', 'int8', code=2, name=MODEL)
    fails('convert', MODEL, '--to', 'packed', '--output', 'logits', code=2, name=MODEL)


def test_inspect_reads_the_weights_of_a_packed_model():
    path = pack('packed-inspect', '--precision', 'int8')
    result = run('inspect', '--json', path).json()
    assert result['format'] == 'packed' and result['precision'] == 'int8', result['format']
    assert result['plan'] == run('inspect', '--json', MODEL).json()['plan']
    data = bytearray(read(path))
    data[len(data) // 2] ^= 1
    damaged = write('damaged.dsinfer', bytes(data))
    fails('inspect', damaged, code=3, name=damaged)
    run('transcribe', '-m', damaged, os.path.join(BUNDLED, 'sample.wav'))


def test_lengths_may_be_less_than_the_steps_or_left_open():
    numpy = need_numpy()
    golden = shared('oracle', 'graphs', 'ds030-h64-s7', 'golden', 'lengths.')
    lengths = [0, 1, 7, 15, 16]
    for name, index in [('open', i) for i in range(5)] + [('7', 2)]:
        where = folder('lengths')
        result = run('convert', genuine('ds030-h64-s7'), '--output_dir', where, '--model_name', 'm',
                     '--input', 'input_lengths' + ('' if name == 'open' else '->[7]'))
        assert ('length of 0' in result.err) == (name == 'open')
        assert ("'input_lengths->[7]'" in result.out) == (name == '7')
        assert ('below the 16 time steps' in result.err) == (name == '7'), result.err
        flags = ['--input', 'windows=%swindows.npy' % golden, '--input', 'c=%sc.npy' % golden,
                 '--input', 'h=%sh.npy' % golden]
        if name == 'open':
            path = os.path.join(where, 'lengths.npy')
            numpy.save(path, numpy.array([lengths[index]], 'i4'))
            flags += ['--input', 'lengths=' + path]
        roles = {'logits': 2e-5, 'new_c': 1e-4, 'new_h': 2e-5}
        for role in roles:
            flags += ['--output', '%s=%s.npy' % (role, os.path.join(where, role))]
        run('run', os.path.join(where, 'm.xml'), *flags)
        for role, tolerance in roles.items():
            got = numpy.load(os.path.join(where, role + '.npy'))
            expected = numpy.load('%s%s.npy' % (golden, role))[index]
            assert numpy.abs(got - expected).max() <= tolerance, (name, index, role)


def test_each_stream_may_have_a_length():
    arguments = ['--input', 'input_node[2 16 19 26],input_lengths->[7 16]']
    result = convert('streams', *arguments)[2]
    assert "'input_lengths->[7 16]'" in result.out
    result = convert('twice', '--input', 'input_lengths->[7]', '--freeze_placeholder_with_value',
                     'input_lengths->[16]')
    assert 'frozen twice' in result[2].err and result[:2] == convert('whole')[:2]


def test_each_pass_says_what_it_did():
    result = run('convert', MODEL, '--dry-run', '--verbose')
    lines = [line.split(': ', 2)[2] for line in result.err.splitlines()]
    names = [line.split(':')[0] for line in lines]
    assert names == ['cut', 'prune', 'fold constants', 'recognise dense layers',
                     'recognise BlockLSTM', 'free streams and steps', 'freeze', 'write'], names
    assert 'Lstm from 0 to 1' in lines[4] and 'Dense from 0 to 5' in lines[3]
    assert 'input_lengths->[16]' in lines[6] and 'Assign from 4 to 0' in lines[1]
    assert run('convert', MODEL, '--dry-run').err == ''


def test_a_value_inside_the_network_can_be_an_input():
    xml, data, result = convert('inside', '--input', '0:MatMul_1', '--output', 'raw_logits')
    assert b'"input_node' not in xml and b'shape="16,384"' in xml
    assert 'Minimum [16,384]' in result.out
    assert 'cut at --input' not in result.err
    same = convert('same_cut', '--input', 'Minimum:0(16,384)', '--output', 'raw_logits')[:2]
    assert same == (xml, data)
    command = re.search(r'^  dsinfer (convert .*)$', result.out, re.M).group(1)
    again = folder('explicit_cut')
    run(*shlex.split(command), '--output_dir', again)
    assert read(os.path.join(again, 'output_graph.xml')) == xml
    xml = convert('steps', '--input', 'Minimum:0[8 384]', '--output', 'raw_logits')[0]
    assert b'shape="8,384"' in xml and b'<dim>8</dim><dim>1</dim><dim>29</dim>' in xml
    xml = convert('head', '--input', 'Reshape_2:0', '--output', 'raw_logits')[0]
    assert xml.count(b'type="Parameter"') == 1 and b'LSTMCell' not in xml


VARIANTS = os.path.join(SOURCE, 'tests', 'golden', 'variants')


def test_lengths_that_openvino_left_open_are_an_input():
    numpy = need_numpy()
    where = folder('open')
    arrays = {'windows': numpy.random.default_rng(3).standard_normal((1, 10, 19, 26), 'f4'),
              'h': numpy.full((1, 4), 0.5, 'f4'), 'c': numpy.full((1, 4), -1.5, 'f4')}
    flags = []
    for name, array in arrays.items():
        numpy.save(os.path.join(where, name), array)
        flags += ['--input', '%s=%s.npy' % (name, os.path.join(where, name))]
    outputs = ('logits', 'new_h', 'new_c', 'lstm_fused_cell/GatherNd_1', 'lstm_fused_cell/GatherNd')
    for i, name in enumerate(outputs):
        flags += ['--output', '%s=%s' % (name, os.path.join(where, '%d.npy' % i))]
    for length in (0, 1, 7, 10):
        numpy.save(os.path.join(where, 'lengths'), numpy.array([length], 'i4'))
        results = []
        for name in ('ten-steps.pb', 'ten-steps-ov2023.xml', 'ten-steps-ov2026.xml'):
            run('run', os.path.join(VARIANTS, name), *flags, '--input',
                'lengths=' + os.path.join(where, 'lengths.npy'))
            results.append([numpy.load(os.path.join(where, '%d.npy' % i))
                            for i in range(len(outputs))])
            for ours, theirs in zip(results[0], results[-1]):
                assert numpy.abs(ours - theirs).max() < 2e-6, (name, length)
            for state in (1, 2):
                assert numpy.array_equal(results[-1][state], results[-1][state + 2])


def test_new_states_of_an_ir_are_inspected_under_their_names():
    for name in ('ten-steps-mo2021-states', 'ten-steps-mo2022-states', 'ten-steps-mo2023',
                 'ten-steps-ov2023', 'ten-steps-ov2026'):
        facts = run('inspect', os.path.join(VARIANTS, name + '.xml'), '--json').out
        for role, tensor in (('new_c', 'lstm_fused_cell/GatherNd'), ('logits', 'raw_logits'),
                             ('new_h', 'lstm_fused_cell/GatherNd_1')):
            assert '"%s": "%s"' % (role, tensor) in facts, (name, facts)


def test_lengths_that_mean_something_else_are_not_taken_for_it():
    for name, old, new in (('ten-steps-ov2026', b'"ReduceMax"', b'"ReduceMin"'),
                           ('ten-steps-ov2026', b'"Subtract"', b'"Add"'),
                           ('ten-steps-ov2026', b'"Less"', b'"Greater"'),
                           ('ten-steps-ov2023', b'"Less"', b'"Greater"'),
                           ('ten-steps-ov2023', b'"ReduceMax"', b'"ReduceMin"')):
        where = folder('other')
        text = read(os.path.join(VARIANTS, name + '.xml'))
        assert old in text
        path = write('other.xml', text.replace(old, new))
        write('other.bin', read(os.path.join(VARIANTS, name + '.bin')))
        windows = shared('oracle', 'graphs', 'inputs', 'random.npy')
        fails('run', path, '--input', 'windows=' + windows, '--output',
              'logits=' + os.path.join(where, 'x.npy'), code=3, name=path)


def infer(core, xml, windows, n_cell):
    """Runs calls in a row by OpenVINO, states handed on by name: [logits, new_c, new_h]."""
    numpy = need_numpy()
    compiled = core.compile_model(core.read_model(xml), 'CPU', {'INFERENCE_PRECISION_HINT': 'f32'})
    request = compiled.create_infer_request()
    states = [numpy.zeros((1, n_cell), 'f4')] * 2
    results = []
    for window in windows:
        request.infer({'input_node': window, 'previous_state_c/read': states[0],
                       'previous_state_h/read:0': states[1]})
        row = [request.get_tensor(name).data.copy()
               for name in ['raw_logits'] + STATES.split(',')]
        results.append(row)
        states = row[1:]
    return [numpy.array(column) for column in zip(*results)]


def test_openvino_gives_what_tensorflow_gave():
    numpy = need_numpy()
    try:
        import openvino
    except ImportError:
        raise Skip('no openvino') from None
    core = openvino.Core()
    for version in ('10', '11'):
        for case in ('ds030-h64-s7', 'ds030-h100-s11'):
            where = folder('openvino')
            run('convert', genuine(case), '--output_dir', where, '--ir_version', version)
            for sequence, inputs in (('real', 'ds03.real'), ('extreme', 'extreme')):
                windows = numpy.load(shared('oracle', 'graphs', 'inputs', inputs + '.npy'))
                golden = [numpy.load(shared('oracle', 'graphs', case, 'golden',
                                            '%s.%s.npy' % (sequence, name)))
                          for name in ('logits', 'new_c', 'new_h')]
                got = infer(core, os.path.join(where, 'output_graph.xml'),
                            windows[:len(golden[0])], CASES[case])
                for a, b, tolerance in zip(got, golden, (2e-5, 1e-4, 2e-5)):
                    assert numpy.abs(a - b).max() <= tolerance, (case, sequence, version)
