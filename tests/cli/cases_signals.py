"""SIGINT and SIGTERM end the recording where it is.

SPDX-License-Identifier: BSD-2-Clause
"""
import array
import fcntl
import json
import os
import select
import signal
import struct
import subprocess
import termios
import time

try:
    import audioop
except ImportError:
    audioop = None

from support import PROGRAM, SAMPLE, pcm, run, temporary, text_of, wav, write

N_BYTES = 96000
FAST = ('--decoder', 'greedy')


def start(*arguments):
    return subprocess.Popen([PROGRAM, *FAST, *arguments], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_until_read(pipe):
    left = array.array('i', [1])
    while left[0]:
        time.sleep(0.05)
        fcntl.ioctl(pipe.fileno(), termios.FIONREAD, left)
    time.sleep(0.5)


def interrupt(process, number, data):
    """Feeds `data`, waits until it is taken, sends the signal."""
    process.stdin.write(data)
    process.stdin.flush()
    wait_until_read(process.stdin)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return process.returncode, out.decode(), err.decode()


def test_signals_finish_the_utterance():
    data = pcm(SAMPLE)[:N_BYTES]
    text = text_of(*FAST, write('part.wav', wav(data)))
    assert text
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        for arguments, stream in ((['-'], wav(data, size=0)), (['--raw', '-'], data)):
            got = interrupt(start(*arguments), number, stream)
            assert got[:2] == (code, text + '\n'), got


def test_signal_before_any_audio_gives_an_empty_text():
    assert interrupt(start('-'), signal.SIGINT, b'')[:2] == (130, '\n')
    assert interrupt(start('-'), signal.SIGTERM, b'RIFF')[:2] == (143, '\n')
    assert interrupt(start('--raw', '-'), signal.SIGTERM, b'')[:2] == (143, '\n')


def test_signal_while_a_fifo_has_no_writer():
    fifo = temporary('silent')
    os.mkfifo(fifo)
    process = start(fifo)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and out == b'\n'


def test_json_is_complete_after_a_signal():
    process = start('--format', 'json', '-', SAMPLE)
    code, out, _ = interrupt(process, signal.SIGINT, wav(pcm(SAMPLE)[:N_BYTES], size=0))
    results = json.loads(out)
    assert code == 130 and len(results) == 1 and results[0]['text']


def test_partials_arrive_while_the_pipe_is_open():
    process = start('--raw', '--format', 'jsonl', '--partials', '-')
    process.stdin.write(pcm(SAMPLE)[:N_BYTES])
    process.stdin.flush()
    first = json.loads(process.stdout.readline())
    assert first['type'] == 'partial' and first['text']
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and json.loads(out.splitlines()[-1])['type'] == 'final'


def test_long_recording_is_cut_short():
    path = write('long.wav', wav(pcm(SAMPLE) * 100))
    process = subprocess.Popen([PROGRAM, '--partials', path], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    process.stderr.readline()
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 143 and out.count(b'\n') == 1
    assert time.monotonic() - started < 20
    assert run('--version').out


def starts_before_the_end(arguments, head, data, fifo=None):
    """A text is shown while the writer is still writing; then all that it wrote is the text."""
    process = start(*arguments, fifo or '-')
    with open(fifo, 'wb') if fifo else process.stdin as pipe:
        pipe.write(head)
        for at in range(0, N_BYTES, 3200):
            pipe.write(data[at:at + 3200])
            pipe.flush()
        if fifo:
            process.stdin.close()
        # The writer waits for the reader, not the other way round.
        assert select.select([process.stderr], [], [], 60)[0]
        assert process.stderr.readline().strip() and process.poll() is None
    out = process.stdout.read().decode()
    process.stderr.read()
    assert process.wait(timeout=60) == 0
    return out.rstrip('\n')


def test_slow_writers_are_heard_before_they_are_done():
    data = pcm(SAMPLE)[:N_BYTES]
    text = text_of(*FAST, write('part.wav', wav(data)))
    for size in (0, len(data), 0x7fffffff, 0xffffffff):
        head = wav(b'', size=size)
        assert starts_before_the_end(['--partials'], head, data) == text, size
    assert starts_before_the_end(['--partials', '--raw', '--latency', 'low'], b'', data) == text
    fifo = temporary('slow')
    os.mkfifo(fifo)
    assert starts_before_the_end(['--partials'], wav(b'', size=0), data, fifo) == text
    assert starts_before_the_end(['--partials', '--raw'], b'', data, fifo) == text


def test_every_encoding_is_decoded_while_it_arrives():
    values = array.array('h', pcm(SAMPLE)[:N_BYTES])
    floats = array.array('f', (value / 32768 for value in values))
    swapped = array.array('h', values)
    swapped.byteswap()
    data = {
        's16le': values.tobytes(),
        's16be': swapped.tobytes(),
        's24le': b''.join(b'\0' + struct.pack('<h', value) for value in values),
        's32le': b''.join(b'\0\0' + struct.pack('<h', value) for value in values),
        'f32le': floats.tobytes(),
        'u8': bytes((value >> 8) + 128 for value in values),
    }
    if audioop:
        data['mulaw'] = audioop.lin2ulaw(values.tobytes(), 2)
        data['alaw'] = audioop.lin2alaw(values.tobytes(), 2)
    text = text_of(*FAST, write('part.wav', wav(values.tobytes())))
    for name, stream in data.items():
        process = start('--raw', '--encoding', name, '--format', 'jsonl', '--partials', '-')
        process.stdin.write(stream)
        process.stdin.flush()
        assert json.loads(process.stdout.readline())['type'] == 'partial', name
        out, _ = process.communicate(timeout=60)
        final = json.loads(out.splitlines()[-1])
        assert process.returncode == 0 and final['type'] == 'final', name
        assert final['text'] == text or name in ('u8', 'mulaw', 'alaw'), (name, final['text'])


def test_signals_end_a_fifo():
    data = pcm(SAMPLE)[:N_BYTES]
    text = text_of(*FAST, write('part.wav', wav(data)))
    fifo = temporary('ended')
    os.mkfifo(fifo)
    process = start('--raw', fifo)
    with open(fifo, 'wb') as pipe:
        pipe.write(data)
        pipe.flush()
        wait_until_read(pipe)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 143 and out.decode() == text + '\n'
