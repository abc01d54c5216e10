"""--jobs: several recordings at the same time, results as one after the other.

SPDX-License-Identifier: BSD-2-Clause
"""
import array
import csv
import fcntl
import os
import re
import signal
import subprocess
import termios
import time

from support import (PROGRAM, SAMPLE, fails, pcm, read, run, temporary, text_of, wav, write)

FAST = ('--decoder', 'greedy', '--no-lm')


def recordings():
    """Long and short ones in turns, so that they end in another order than they begin."""
    data = pcm(SAMPLE)
    lengths = (90000, 16000, 64000, 16000, 0, 48000, 32000)
    return [write('job%d.wav' % i, wav(data[i * 8000:i * 8000 + length]))
            for i, length in enumerate(lengths)]


def manifest(names):
    path = temporary('jobs.csv')
    with open(path, 'w', encoding='utf-8', newline='') as file:
        csv.writer(file).writerows([('audio', 'text')] + [(name, 'one two') for name in names])
    return path


def test_results_and_their_order_are_the_same():
    names = recordings()
    for form in ('json', 'srt'):
        alone = run(*FAST, '--format', form, '--candidates', '3', *names)
        for jobs in ('3', '64'):
            together = run(*FAST, '--format', form, '--candidates', '3', '--jobs', jobs, *names)
            assert together.out == alone.out and together.err == alone.err, together
    together = run('--jobs', '2', '--threads', '2', '--beam-width', '16', *names[1:4])
    assert together.out == run('--beam-width', '16', *names[1:4]).out


def test_errors_are_those_of_one_after_the_other():
    names = recordings()
    names[1:1] = [temporary('none.wav'), write('damaged.wav', b'RIFF')]
    names.append(temporary('none either.wav'))
    alone = run(*FAST, '--format', 'jsonl', *names, code=1)
    together = run(*FAST, '--format', 'jsonl', '--jobs', '3', *names, code=1)
    assert together.out == alone.out and together.err == alone.err
    assert len(alone.err.splitlines()) == 3
    fails(*FAST, '--jobs', '2', names[1], code=4, name=names[1], kind='I/O')


def test_outputs():
    names = recordings()
    path = temporary('jobs.txt')
    run(*FAST, '--jobs', '2', '-o', path, *names)
    assert read(path).decode() == run(*FAST, *names).out
    with open('/dev/full', 'wb') as full:
        done = subprocess.run([PROGRAM, *FAST, '--jobs', '3', *names], stdout=full,
                              stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 5 and done.stderr.startswith(b'dsinfer: standard output: I/O: ')
    assert done.stderr.count(b'\n') == 1


def test_progress_names_every_recording_in_whole_lines():
    names = recordings()
    lines = run(*FAST, '--jobs', '3', '--progress', *names).err.splitlines()
    assert len(lines) >= len(names)
    assert {line.split(': ')[0] for line in lines} == set(names)
    for line in lines:
        assert re.match(r'^[^:]+: +[\d.]+ (%|s), real-time factor [\d.]+(, \d+:\d\d left)?$', line)


def count_threads(process):
    return len(os.listdir('/proc/%d/task' % process.pid))


def test_signals_end_what_was_begun_and_begin_nothing_more():
    data = pcm(SAMPLE)[:96000]
    whole = write('whole.wav', wav(data))
    text = text_of(*FAST, whole)
    fifos = [temporary('first'), temporary('second')]
    for fifo in fifos:
        os.mkfifo(fifo)
    for jobs, number, expected in (('2', signal.SIGINT, [text, text]),
                                   ('1', signal.SIGTERM, [text])):
        process = subprocess.Popen([PROGRAM, *FAST, '--jobs', jobs, *fifos, whole],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with open(fifos[0], 'wb') as first:
            first.write(wav(data, size=0))
            first.flush()
            if jobs == '2':
                with open(fifos[1], 'wb') as second:
                    second.write(wav(data, size=0))
                    second.flush()
                    wait_until_read(first, second)
                    stop(process, number, threads=2)
            else:
                wait_until_read(first)
                stop(process, number, threads=1)
            out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (128 + number, b'')
        assert out.decode().splitlines() == expected


def wait_until_read(*pipes):
    for pipe in pipes:
        left = array.array('i', [1])
        while left[0]:
            time.sleep(0.05)
            fcntl.ioctl(pipe.fileno(), termios.FIONREAD, left)
    time.sleep(0.5)


def stop(process, number, threads):
    """Sends the signal while the program waits for more samples, in so many threads."""
    with open('/proc/%d/maps' % process.pid, encoding='utf-8') as file:
        is_watched = threads > 1 and 'libtsan' in file.read()  # which then has one of its own
    assert count_threads(process) == threads + is_watched
    process.send_signal(number)


def test_eval():
    names = recordings() + [temporary('none.wav')]
    path = manifest(names)
    alone = run('eval', *FAST, '--texts', path, code=1)
    together = run('eval', *FAST, '--texts', '--jobs', '3', path, code=1)
    assert together.out == alone.out and together.err == alone.err
    kept = [temporary('kept%s.jsonl' % jobs) for jobs in '13']
    for jobs, journal in zip('13', kept):
        run('eval', *FAST, '--json', '--jobs', jobs, '--resume', journal, path, code=1)
    assert read(kept[0]) == read(kept[1])
    again = run('eval', *FAST, '--json', '--jobs', '2', '--resume', kept[1], path, code=1)
    assert again.out == run('eval', *FAST, '--json', path, code=1).out


def test_what_does_not_go_together():
    name = recordings()[0]
    for jobs in ('0', '65', '-1', 'two'):
        fails('--jobs', jobs, name, code=2, name='--jobs', kind='usage')
    fails('--jobs', '2', '--partials', name, code=2, name='--partials', kind='usage')
    fails('eval', '--jobs', '2', '--tune', manifest([name]), code=2, name='--jobs', kind='usage')
