"""dsinfer's IRs in the OpenVINO of the Python that runs this, and OpenVINO's in dsinfer.

    check.py PROGRAM GRAPHS WORK

Converts every graph below the folder GRAPHS (the genuine exporters' files and TensorFlow's numbers)
in every way, runs it in both engines, and prints a line for each conversion:

    OK|FAIL NAME: how far from the expected numbers, or what went wrong

float32 is compared with TensorFlow. Smaller weights round the numbers, but both engines must round
them alike: there, and after OpenVINO has saved the IR again, they are compared with each other.

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re
import subprocess
import sys
import traceback

import numpy

from engines import open_engine, run_calls

INPUTS = {'ds030': 'ds03', 'ds041': 'ds04', 'ds051': 'ds06', 'ds061': 'ds06', 'ds093': 'ds07'}
ROLES = ('logits', 'new_c', 'new_h')
TOLERANCES = {'logits': 2e-5, 'new_c': 1e-4, 'new_h': 2e-5}
PROBABILITIES = 2e-6
LENGTHS = (0, 1, 7, 15, 16)
LAYER = 'call1.layer_3.npy'
SEQUENCES = ('real', 'random', 'extreme')


class Case:
    """A graph with its inputs and expected numbers."""

    def __init__(self, graphs, folder):
        self.name = folder
        self.model = os.path.join(graphs, folder, 'output_graph.pb')
        self.golden = os.path.join(graphs, folder, 'golden')
        self.n_cell = int(re.search(r'-h(\d+)-', folder).group(1))
        self.has_softmax = folder[:5] != 'ds030'
        self.windows, self.expected = {}, {}
        for sequence in SEQUENCES:
            name = sequence if sequence != 'real' else INPUTS[folder[:5]] + '.real'
            self.expected[sequence] = {
                role: numpy.load(os.path.join(self.golden, '%s.%s.npy' % (sequence, role)))
                for role in ROLES}
            n_calls = len(self.expected[sequence]['logits'])
            self.windows[sequence] = numpy.load(
                os.path.join(graphs, 'inputs', name + '.npy'))[:n_calls]

    def tolerance(self, role):
        return PROBABILITIES if role == 'logits' and self.has_softmax else TOLERANCES[role]

    def compare(self, got, expected, what, roles=ROLES):
        """Text with the largest differences by role; fails where one is beyond its tolerance."""
        texts = []
        for role in roles:
            worst = max(numpy.abs(got[sequence][role].reshape(numbers[role].shape) -
                                  numbers[role]).max() for sequence, numbers in expected.items())
            texts.append('%.1e' % worst)
            if not worst <= self.tolerance(role):
                raise AssertionError('%s: %s differs by %g' % (what, role, worst))
        return '%s %s' % (what, ' '.join(texts))


class Dsinfer:
    """The program."""

    def __init__(self, program, work):
        self.program, self.work = program, work

    def call(self, *arguments):
        done = subprocess.run([self.program, *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stderr.decode('utf-8', 'replace').strip())
        return done.stdout.decode('utf-8')

    def convert(self, case, name, flags):
        """Path of the IR, and what its tensors are called, by role."""
        text = self.call('convert', case.model, '--output_dir', self.work, '--model_name', name,
                         *flags)
        ports = re.findall(r'^  (windows|h|c|lengths|logits|new_h|new_c) +(\S+) \[', text, re.M)
        return os.path.join(self.work, name + '.xml'), dict(ports)

    def run_once(self, model, paths):
        """One call, with a state."""
        outputs = {role: os.path.join(self.work, role + '.npy') for role in ROLES}
        self.call('run', model, *[word for name in ('windows', 'h', 'c', 'lengths')
                                  if name in paths
                                  for word in ('--input', '%s=%s' % (name, paths[name]))],
                  *[word for role, out in outputs.items()
                    for word in ('--output', '%s=%s' % (role, out))])
        return {role: numpy.load(out) for role, out in outputs.items()}

    def run(self, model, case):
        results = {}
        for sequence, windows in case.windows.items():
            path = os.path.join(self.work, 'array.npy')
            numpy.save(path, windows)
            outputs = {role: os.path.join(self.work, role + '.npy') for role in ROLES}
            self.call('run', model, '--input', 'windows=' + path,
                      *[word for role, out in outputs.items()
                        for word in ('--output', '%s=%s' % (role, out))])
            results[sequence] = {role: numpy.load(out) for role, out in outputs.items()}
        return results


def run_engine(engine, xml, names, case):
    return {sequence: run_calls(engine.start(xml, names), names, windows, case.n_cell)
            for sequence, windows in case.windows.items()}


def check_exact(engine, dsinfer, case, version):
    xml, names = dsinfer.convert(case, '%s-v%s' % (case.name, version), ['--ir_version', version])
    return '; '.join([
        case.compare(run_engine(engine, xml, names, case), case.expected, 'OpenVINO'),
        case.compare(dsinfer.run(xml, case), case.expected, 'dsinfer')])


def check_lengths(engine, dsinfer, case, version):
    """One call with the lengths as an input. OpenVINO makes zero states of a length of 0."""
    xml, names = dsinfer.convert(case, 'lengths', ['--ir_version', version,
                                                   '--input', 'input_node,input_lengths'])
    golden = {name: numpy.load(os.path.join(case.golden, 'lengths.%s.npy' % name))
              for name in ('windows', 'h', 'c', *ROLES)}
    infer = engine.start(xml, names)
    rows = [infer({'lengths': numpy.array([length], 'i4'),
                   **{role: golden[role] for role in ('windows', 'h', 'c')}})
            for length in LENGTHS[1:]]
    return case.compare({'lengths': {role: numpy.array([row[role] for row in rows])
                                     for role in ROLES}},
                        {'lengths': {role: golden[role][1:] for role in ROLES}}, 'OpenVINO')


def check_short(engine, dsinfer, case, version, length):
    """One call of an IR whose length is fixed below its number of steps, in both."""
    xml, names = dsinfer.convert(case, 'short', [
        '--ir_version', version, '--freeze_placeholder_with_value', 'input_lengths->[%d]' % length])
    paths = {name: os.path.join(case.golden, 'lengths.%s.npy' % name)
             for name in ('windows', 'h', 'c', *ROLES)}
    arrays = {name: numpy.load(path) for name, path in paths.items()}
    expected = {'short': {role: arrays[role][LENGTHS.index(length)] for role in ROLES}}
    got = engine.start(xml, names)({role: arrays[role] for role in ('windows', 'h', 'c')})
    return '; '.join([
        case.compare({'short': got}, expected, 'OpenVINO'),
        case.compare({'short': dsinfer.run_once(xml, paths)}, expected, 'dsinfer')])


def check_cut(engine, dsinfer, case, version):
    """One call of what follows the third layer, whose values TensorFlow has given."""
    cut = 'Minimum_2'
    names = dsinfer.convert(case, 'cut', [])[1]
    xml, names = dsinfer.convert(case, 'cut', ['--ir_version', version, '--input', ','.join(
        [cut + ':0', names['h'], names['c']])])
    real = case.expected['real']
    got = engine.start(xml, {**names, 'rows': cut})({
        'rows': numpy.load(os.path.join(case.golden, LAYER)),
        'h': real['new_h'][0], 'c': real['new_c'][0]})
    return case.compare({'call 1': got}, {'call 1': {role: real[role][1] for role in ROLES}},
                        'OpenVINO')


def check_small(engine, dsinfer, case, version, flags):
    xml, names = dsinfer.convert(case, 'small', ['--ir_version', version, *flags])
    here = dsinfer.run(xml, case)
    away = max(numpy.abs(here[sequence]['logits'] - case.expected[sequence]['logits']).max()
               for sequence in SEQUENCES)
    return '%s; logits %.1e from float32' % (
        case.compare(run_engine(engine, xml, names, case), here, 'OpenVINO and dsinfer'), away)


def check_saved(engine, dsinfer, case, version, is_small, flags=()):
    """What OpenVINO saves of an IR of dsinfer, read by dsinfer."""
    xml, names = dsinfer.convert(case, 'saved-from', ['--ir_version', version, *flags])
    saved = os.path.join(dsinfer.work, 'saved.xml')
    engine.save(xml, saved, is_small)
    expected = run_engine(engine, saved, names, case) if is_small else case.expected
    return case.compare(dsinfer.run(saved, case), expected, 'dsinfer')


def check_theirs(engine, dsinfer, case, is_small):
    """What OpenVINO's own frontend makes of the graph, the lengths an input, read by dsinfer."""
    names = dsinfer.convert(case, 'names', ['--input', 'input_node,input_lengths'])[1]
    xml = os.path.join(dsinfer.work, 'theirs.xml')
    engine.convert(case.model, names, xml, is_small, case.n_cell)
    names.update((role, names[role] + ':0') for role in ROLES)
    texts = []
    for length in LENGTHS[1:]:  # of 0 OpenVINO makes zero states
        paths = {name: os.path.join(case.golden, 'lengths.%s.npy' % name)
                 for name in ('windows', 'h', 'c', *ROLES)}
        feeds = {name: numpy.load(paths[name]) for name in ('windows', 'h', 'c')}
        feeds['lengths'] = numpy.array([length], 'i4')
        paths['lengths'] = os.path.join(dsinfer.work, 'length.npy')
        numpy.save(paths['lengths'], feeds['lengths'])
        expected = engine.start(xml, names)(feeds) if is_small else {
            role: numpy.load(paths[role])[LENGTHS.index(length)] for role in ROLES}
        texts.append(case.compare({length: dsinfer.run_once(xml, paths)}, {length: expected},
                                  'length %d' % length))
    return '; '.join(texts)


def check_stateful(engine, dsinfer, case, version, flags):
    """States that the engine keeps; dsinfer takes them out again."""
    xml, names = dsinfer.convert(case, 'stateful', ['--ir_version', version, '--stateful', *flags])
    if sorted(names) != ['logits', 'windows']:
        raise AssertionError('the inputs and outputs are %s' % ', '.join(names))
    here = dsinfer.run(xml, case)
    got = run_engine(engine, xml, names, case)
    if flags:
        return case.compare(got, here, 'OpenVINO and dsinfer', ['logits'])
    return '; '.join([case.compare(got, case.expected, 'OpenVINO', ['logits']),
                      case.compare(here, case.expected, 'dsinfer')])


def list_checks(engine, case):
    """(name, function, arguments after case) of each conversion."""
    for version in engine.versions:
        yield 'v%s FP32' % version, check_exact, (version,)
        yield 'v%s FP16' % version, check_small, (version, ['--data_type', 'FP16'])
        yield 'v%s lengths' % version, check_lengths, (version,)
        yield 'v%s length 1' % version, check_short, (version, 1)
        yield 'v%s length 15' % version, check_short, (version, 15)
        if os.path.exists(os.path.join(case.golden, LAYER)):
            yield 'v%s from the third layer' % version, check_cut, (version,)
        yield 'v%s int8' % version, check_small, (version, ['--quantize', 'int8'])
        yield 'v%s int8 FP16' % version, check_small, (version, ['--quantize', 'int8',
                                                                 '--data_type', 'FP16'])
        yield 'v%s stateful' % version, check_stateful, (version, [])
        yield 'v%s stateful FP16' % version, check_stateful, (version, ['--data_type', 'FP16'])
        if hasattr(engine, 'save'):
            yield 'v%s saved by OpenVINO' % version, check_saved, (version, False)
            yield 'v%s saved by OpenVINO, FP16' % version, check_saved, (version, True)
            yield 'v%s saved by OpenVINO, stateful' % version, check_saved, (version, False,
                                                                             ['--stateful'])


def list_own_checks(engine):
    """The same of what the engine makes without dsinfer."""
    if hasattr(engine, 'convert'):
        yield "OpenVINO's own", check_theirs, (False,)
        yield "OpenVINO's own, FP16", check_theirs, (True,)


def main():
    program, graphs, work = sys.argv[1:]
    engine = open_engine()
    dsinfer = Dsinfer(program, work)
    n_failed = 0
    for folder in sorted(os.listdir(graphs)):
        if folder[:5] not in INPUTS:
            continue
        case = Case(graphs, folder)
        for name, function, arguments in [*list_checks(engine, case), *list_own_checks(engine)]:
            try:
                outcome = 'OK', function(engine, dsinfer, case, *arguments)
            except Exception as error:
                traceback.print_exc()
                outcome = 'FAIL', str(error).replace('\n', ' ')
                n_failed += 1
            print('%s %s, %s: %s' % (outcome[0], folder, name, outcome[1]), flush=True)
    return 1 if n_failed else 0


if __name__ == '__main__':
    sys.exit(main())
