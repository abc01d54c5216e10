"""Helpers of the tests of the program: running it, making WAV files, comparing.

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import os
import re
import struct
import subprocess
import tempfile

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get('DSINFER_BUILD', os.path.join(SOURCE, 'build'))
SHARED = os.environ.get('DSINFER_SHARED', os.path.join(SOURCE, '..', 'shared'))
PROGRAM = os.path.join(BUILD, 'bin', 'dsinfer')
HAS_SHARED = os.path.isdir(SHARED)
BUNDLED = os.path.join(SOURCE, 'model', 'english')
SAMPLE = os.path.join(BUNDLED, 'sample.wav')
COMMANDS = (
    'transcribe', 'listen', 'inspect', 'convert', 'run', 'features', 'decode', 'scorer', 'eval',
    'bench')

ERROR_LINE = re.compile(
    r'^dsinfer: (.+?): (malformed file|unsupported|resources|I/O|usage|audio): (.+)$')

FOLDER = tempfile.TemporaryDirectory(prefix='dsinfer-cli-')


class Skip(Exception):
    """Why a test cannot run here."""


def need_shared():
    if not HAS_SHARED:
        raise Skip('no folder of genuine models')


def need_numpy():
    try:
        import numpy
    except ImportError:
        raise Skip('no numpy') from None
    return numpy


def shared(*parts):
    need_shared()
    return os.path.join(SHARED, *parts)


def temporary(name):
    return os.path.join(FOLDER.name, name)


def write(name, data):
    path = temporary(name)
    with open(path, 'wb') as file:
        file.write(data)
    return path


def read(path):
    with open(path, 'rb') as file:
        return file.read()


class Result:
    def __init__(self, command, code, out, err):
        self.command, self.code, self.out, self.err = command, code, out, err

    def json(self):
        return json.loads(self.out)

    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def __str__(self):
        return '%s\nexit code %s\nstdout: %s\nstderr: %s' % (
            ' '.join(self.command), self.code, self.out[-2000:], self.err[-2000:])


def run(*arguments, stdin=b'', code=0, timeout=60, **options):
    """Runs the program; its exit code must be `code`."""
    command = [PROGRAM] + list(arguments)
    done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=timeout, check=False, **options)
    result = Result(command, done.returncode, done.stdout.decode('utf-8', 'replace'),
                    done.stderr.decode('utf-8', 'replace'))
    assert result.code == code, 'exit code %d was expected:\n%s' % (code, result)
    return result


def fails(*arguments, code, name=None, kind=None, says='', **options):
    """Runs the program, which must fail with `code`, one error line and nothing on stdout."""
    result = run(*arguments, code=code, **options)
    lines = result.err.splitlines()
    assert len(lines) == 1, 'one line was expected:\n%s' % result
    match = ERROR_LINE.match(lines[0])
    assert match, 'not an error line:\n%s' % result
    assert name is None or match.group(1) == name, 'the name is not %s:\n%s' % (name, result)
    assert kind is None or match.group(2) == kind, 'the class is not %s:\n%s' % (kind, result)
    assert says in match.group(3), 'it does not say %s:\n%s' % (says, result)
    assert result.out == '', 'nothing belongs on stdout:\n%s' % result
    return result


def text_of(*arguments, **options):
    return run(*arguments, **options).out.rstrip('\n')


def pcm(path):
    """The bytes of the samples of a plain WAV file."""
    data = read(path)
    at = 12
    while data[at:at + 4] != b'data':
        at += 8 + struct.unpack('<I', data[at + 4:at + 8])[0]
    return data[at + 8:]


def wav(data, rate=16000, channels=1, bits=16, tag=1, size=None, extra=b''):
    """A WAV file; `size` is what its header says, `extra` comes before the samples."""
    frame = channels * bits // 8
    size = len(data) if size is None else size
    head = b'fmt ' + struct.pack('<IHHIIHH', 16, tag, channels, rate,
                                 rate * frame & 0xffffffff, frame, bits)
    body = head + extra + b'data' + struct.pack('<I', size)
    riff_size = min(4 + len(body) + size, 0xffffffff)
    return b'RIFF' + struct.pack('<I', riff_size) + b'WAVE' + body + data


def short_sample():
    """The first seconds of the sample."""
    return write('short.wav', wav(pcm(SAMPLE)[:80000]))


def npy(name, array):
    path = temporary(name)
    need_numpy().save(path, array)
    return path
