"""SIGINT and SIGTERM end the recording where it is.

SPDX-License-Identifier: BSD-2-Clause
"""
import array
import fcntl
import json
import os
import signal
import subprocess
import termios
import time

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
