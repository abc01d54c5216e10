"""Installs OpenVINO from PyPI and runs dsinfer's IRs in it: check.py, with each release below.

    run.py PROGRAM GRAPHS FOLDER

The installations lie in FOLDER and are used again. FOLDER/meson-logs/testlog.json takes the
results, in the form in which Meson leaves those of other tests. A release that cannot be had, since
there is no network or no Python that it runs on, is ABSENT, which is neither a success nor a
failure, and its line says why.

SPDX-License-Identifier: BSD-2-Clause
"""
import glob
import json
import os
import shutil
import subprocess
import sys

# Package, and the minor versions of Python 3 that it is built for.
RELEASES = (('openvino==2021.4.2', range(6, 10)), ('openvino==2026.4.1', range(10, 15)))
INSTALL_S = 240
CHECK_S = 600
HERE = os.path.dirname(os.path.abspath(__file__))


def find_python(minors):
    """A Python of one of these versions: on the path, or pyenv's; None."""
    folders = os.environ.get('PATH', os.defpath).split(os.pathsep)
    folders += glob.glob(os.path.expanduser('~/.pyenv/versions/*/bin'))
    names = ['python3', *('python3.%d' % minor for minor in reversed(minors))]
    for python in (os.path.join(folder, name) for name in names for folder in folders):
        if not os.access(python, os.X_OK):
            continue
        done = subprocess.run([python, '-c', 'import sys, venv; print(sys.version_info[1])'],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        if done.stdout.strip().isdigit() and int(done.stdout) in minors:
            return python
    return None


def call(arguments, log, limit):
    """Whether the command ended well within so many seconds."""
    try:
        return subprocess.run(arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                              timeout=limit, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        log.write('stopped after %d s: %s\n' % (limit, ' '.join(arguments)))
        return False


def install(package, minors, folder):
    """(path of a Python that has the package, '') or (None, why not)."""
    place = os.path.join(folder, package.replace('==', '-'))
    python = os.path.join(place, 'bin', 'python')
    done = os.path.join(place, 'complete')
    if os.path.exists(done):
        return python, ''
    base = find_python(minors)
    if not base:
        return None, 'needs Python 3.%d to 3.%d, with its module venv' % (minors[0], minors[-1])
    print('installing', package, flush=True)
    shutil.rmtree(place, ignore_errors=True)
    name = os.path.join(folder, 'install.log')
    with open(name, 'a', encoding='utf-8') as log:
        if not call([base, '-m', 'venv', place], log, INSTALL_S):
            return None, 'no virtual environment could be made; see ' + name
        if not call([python, '-m', 'pip', 'install', '--only-binary', ':all:', '--retries', '1',
                     '--timeout', '10', package], log, INSTALL_S):
            return None, 'could not be installed from PyPI; see ' + name
    with open(done, 'w', encoding='utf-8'):
        pass
    return python, ''


def check(package, python, program, graphs, folder):
    """(name, result) of each conversion."""
    work = os.path.join(folder, 'work')
    os.makedirs(work, exist_ok=True)
    name = os.path.join(folder, package.replace('==', '-') + '.log')
    with open(name, 'w', encoding='utf-8') as log:
        is_well = call([python, '-B', os.path.join(HERE, 'check.py'), program, graphs, work], log,
                       CHECK_S)
    results = []
    with open(name, encoding='utf-8') as log:
        for line in log:
            result, _, text = line.rstrip('\n').partition(' ')
            if result in ('OK', 'FAIL'):
                print('%s: %s %s' % (package, result, text), flush=True)
                results.append(('%s: %s' % (package, text.partition(':')[0]), result))
    if not results or not (is_well or 'FAIL' in [result for _, result in results]):
        results.append(('%s: ended early; see %s' % (package, name), 'FAIL'))
    return results


def main():
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    program, graphs, folder = map(os.path.abspath, sys.argv[1:])
    logs = os.path.join(folder, 'meson-logs')
    os.makedirs(logs, exist_ok=True)
    results = []
    for package, minors in RELEASES:
        if not os.path.isdir(graphs):
            results.append((package + ': the genuine models are not there', 'SKIP'))
            continue
        python, why = install(package, minors, folder)
        if python:
            results += check(package, python, program, graphs, folder)
        else:
            results.append(('%s: %s' % (package, why), 'ABSENT'))
    with open(os.path.join(logs, 'testlog.json'), 'w', encoding='utf-8') as file:
        for name, result in results:
            file.write(json.dumps({'name': name, 'result': result}) + '\n')
            if result not in ('OK', 'FAIL'):
                print('%s: %s' % (result, name))
    return 1 if any(result == 'FAIL' for _, result in results) else 0


if __name__ == '__main__':
    sys.exit(main())
