"""dsinfer listen, on a sound device that delivers a recording in real time or faster.

The device is an ALSA plugin, microphone/microphone.c; PortAudio and all above it are the genuine
ones. It waits for a reader that is late, so that nothing is lost unless a test wants it.

SPDX-License-Identifier: BSD-2-Clause
"""
import array
import fcntl
import json
import os
import pty
import re
import signal
import subprocess
import threading
import time

from support import PROGRAM, SAMPLE, Skip, fails, pcm, run, temporary, text_of, wav, write

FAST = ('--decoder', 'greedy')
WHOLE = ('--endpoint-silence', '100')
SAMPLES = pcm(SAMPLE)
MICROPHONE = os.environ.get('DSINFER_MICROPHONE')

CONFIG = '''
pcm_type.dsinfer_test { lib "%s" }
pcm.desk { type dsinfer_test file "%s" rate %d percent %d done "%s" then "%s" overrun %d }
pcm.!default { type dsinfer_test file "%s" rate %d percent %d done "%s" then "%s" overrun %d }
'''

LOSS = (r'dsinfer: default: sound was lost: ([0-9.]+) s not taken in time, (\d+) overruns of the '
        r'device\n$')

# A sound card that is configured but not there.
ABSENT = b'pcm.absent { type hw card 77 }\npcm.!default { type hw card 77 }\n'


def device(data=SAMPLES, rate=16000, percent=200, then='wait', overrun=0):
    """The environment in which the devices desk and default deliver `data`."""
    if not MICROPHONE:
        raise Skip('built without PortAudio')
    done = temporary('done')
    if os.path.exists(done):
        os.unlink(done)
    one = (write('microphone.raw', data), rate, percent, done, then, overrun)
    config = write('asound.conf', (CONFIG % ((MICROPHONE,) + one + one)).encode())
    return dict(os.environ, ALSA_CONFIG_PATH=config)


def no_device():
    if not MICROPHONE:
        raise Skip('built without PortAudio')
    return dict(os.environ, ALSA_CONFIG_PATH=write('absent.conf', ABSENT))


def start(environment, *arguments, **options):
    return subprocess.Popen([PROGRAM, 'listen', *arguments], env=environment,
                            stdout=subprocess.PIPE, stderr=options.pop('stderr', subprocess.PIPE),
                            **options)


def resample(rate):
    """The sample at another rate, roughly: each value again, or left out."""
    values = array.array('h', SAMPLES)
    n = len(values) * rate // 16000
    return array.array('h', (values[i * 16000 // rate] for i in range(n))).tobytes()


def wait_until_done(process):
    """Until the device has delivered everything, and the program has it."""
    until = time.monotonic() + 60
    while not os.path.exists(temporary('done')):
        assert time.monotonic() < until and process.poll() is None, 'it does not listen to the end'
        time.sleep(0.02)
    time.sleep(0.6)


def listen(environment, *arguments, number=signal.SIGINT):
    """One utterance, interrupted when all was delivered; code, stdout, stderr."""
    process = start(environment, *WHOLE, *arguments)
    wait_until_done(process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return process.returncode, out.decode(), err.decode()


def test_text_is_that_of_the_recording():
    text = text_of(SAMPLE) + '\n'
    assert listen(device()) == (130, text, '')
    assert listen(device(), '--steps', '64', number=signal.SIGTERM) == (143, text, '')


def test_every_signal_finishes_the_utterance():
    data = SAMPLES[:96000]
    text = text_of(*FAST, write('part.wav', wav(data)))
    assert text
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        got = listen(device(data), *FAST, '--device', 'desk', number=number)
        assert got == (code, text + '\n', ''), got


def test_each_utterance_has_a_line_when_it_is_over():
    said = SAMPLES[:32000 * 2]
    silence = bytes(2 * 24000)
    process = start(device(silence + said + silence + said + 2 * silence, percent=100), *FAST)
    lines = [process.stdout.readline().decode() for _ in range(2)]
    assert not os.path.exists(temporary('done'))
    wait_until_done(process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and out == b'' and err == b'', (out, err)
    path = write('said.wav', wav(silence + said + silence))
    words = text_of(*FAST, path).split()
    assert len(words) > 4
    for line in lines:
        # The network begins anew within the silence, which may change a letter.
        assert len(set(line.split()) & set(words)) > 2, (line, words)


def test_times_go_on_from_utterance_to_utterance():
    said = SAMPLES[:32000 * 2]
    silence = bytes(2 * 24000)
    process = start(device(said + silence + said + silence), *FAST, '--format', 'jsonl')
    wait_until_done(process)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    finals = [item for item in map(json.loads, out.splitlines()) if item['type'] == 'final']
    assert len(finals) == 2
    first, second = [[word['start'] for word in item['words']] for item in finals]
    assert 0 < first[0] < 1 and first[-1] < 2.1
    assert 3.5 <= second[0] < 4.5 and second == sorted(second) and second[-1] < 5.6


def test_other_rates_are_resampled():
    for rate in (48000, 44100, 8000):
        data = resample(rate)
        got = listen(device(data, rate=rate), *FAST)
        path = write('rate.wav', wav(data, rate=rate))
        assert got == (130, text_of(*FAST, path) + '\n', ''), (rate, got)


def test_partial_texts_arrive_while_the_sound_does():
    process = start(device(percent=100), *FAST, *WHOLE, '--format', 'jsonl')
    first = json.loads(process.stdout.readline())
    assert not os.path.exists(temporary('done'))
    assert first['type'] == 'partial' and first['text'] and first['time'] > 0
    rest = []
    reader = threading.Thread(target=lambda: rest.extend(process.stdout))
    reader.start()
    wait_until_done(process)
    process.send_signal(signal.SIGINT)
    reader.join()
    assert process.wait(timeout=60) == 130 and process.stderr.read() == b''
    objects = [first] + [json.loads(line) for line in rest]
    final = objects.pop()
    assert all(item['type'] == 'partial' for item in objects) and len(objects) > 10
    times = [item['time'] for item in objects]
    assert times == sorted(times)
    want = json.loads(text_of(*FAST, '--format', 'json', SAMPLE))
    assert dict(final, file='') == dict(want, file='')
    process.stdout.close()
    process.stderr.close()


def read_terminal(master, seen):
    while True:
        try:
            seen.append(os.read(master, 1 << 16))
        except OSError:
            return


def test_terminal_shows_level_and_text_in_one_line():
    master, slave = pty.openpty()
    seen = []
    process = start(device(percent=150), *FAST, *WHOLE, stderr=slave)
    os.close(slave)
    reader = threading.Thread(target=read_terminal, args=(master, seen))
    reader.start()
    wait_until_done(process)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    reader.join()
    os.close(master)
    text = text_of(*FAST, SAMPLE)
    shown = b''.join(seen).decode()
    assert process.returncode == 130 and out.decode() == text + '\n'
    assert '\n' not in shown and shown.count('\r') > 20 and '\x1b[K' in shown
    assert '\r[###' in shown and shown.endswith('\r\x1b[K'), repr(shown)
    assert text[:8] in shown and text[-8:] in shown
    assert all(len(line.replace('\x1b[K', '')) < 80 for line in shown.split('\r'))


def test_devices_are_listed_and_chosen():
    environment = device(SAMPLES[:32000])
    result = run('listen', '--list-devices', env=environment)
    lines = result.out.splitlines()
    assert result.err == '' and len(lines) == 2, result
    assert lines[0] == '   0  desk (ALSA, 1 channel, 16000 Hz)', result
    assert lines[1] == '*  1  default (ALSA, 1 channel, 16000 Hz)', result
    for choice, name in (('0', 'desk'), ('1', 'default'), ('desk', 'desk'), ('ESK', 'desk'),
                         ('default', 'default')):
        process = start(device(SAMPLES[:32000]), *FAST, '--format', 'jsonl', '--device', choice)
        wait_until_done(process)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        assert json.loads(out.splitlines()[-1])['file'] == name, (choice, out)


def test_devices_that_are_not_there():
    environment = device()
    for wrong, says in (('2', 'number'), ('999999999999', 'number'), ('nose', 'no device'),
                        ('e', 'more than one')):
        fails('listen', '--device', wrong, env=environment, code=4, name=wrong, kind='audio',
              says=says)
    for arguments in ([], ['--list-devices']):
        fails('listen', *arguments, env=no_device(), code=4, name='microphone', kind='audio',
              says='no device')


def test_text_so_far_is_printed_when_the_device_goes():
    data = SAMPLES[:96000]
    process = start(device(data, then='fail'), *FAST, *WHOLE)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 4 and err.startswith(b'dsinfer: default: audio: '), err
    assert err.count(b'\n') == 1
    # The device takes the last samples with it.
    assert out and text_of(*FAST, write('part.wav', wav(data))).startswith(out.decode()[:12])


def test_silence_has_no_line():
    assert listen(device(bytes(32000)), *FAST) == (130, '', '')


def test_what_is_lost_is_said():
    # Whoever reads the output is slow; there is room for five seconds at this rate.
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    environment = device(resample(192000) * 3, rate=192000, percent=1000)
    process = subprocess.Popen([PROGRAM, 'listen', *FAST, *WHOLE, '--no-vad', '--steps', '1',
                                '--format', 'jsonl'], env=environment, stdout=writer,
                               stderr=subprocess.PIPE)
    os.close(writer)
    wait_until_done(process)
    process.send_signal(signal.SIGINT)
    with open(reader, 'rb') as file:
        assert json.loads(file.read().splitlines()[-1])['type'] == 'final'
    err = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 130 and re.match(LOSS, err), err
    assert float(re.match(LOSS, err).group(1)) > 1 and re.match(LOSS, err).group(2) == '0'
    code, out, err = listen(device(overrun=1), *FAST)
    assert code == 130 and out == text_of(*FAST, SAMPLE) + '\n'
    assert re.match(LOSS, err).groups() == ('0.00', '1'), err


def test_closed_stdout_ends_it():
    environment = device(SAMPLES * 10, percent=100, then='silence')
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen([PROGRAM, 'listen', *FAST, '--format', 'jsonl'], env=environment,
                               stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 5 and b'Broken pipe' in err and err.count(b'\n') == 1, err


def test_mistakes():
    fails('listen', 'talk.wav', code=2, name='talk.wav', kind='usage', says='transcribe')
    fails('listen', '--latency', 'low', '--steps', '3', code=2, name='--latency', kind='usage')
    fails('listen', '--latency', 'lower', code=2, kind='usage')
    if not MICROPHONE:
        fails('listen', code=4, name='microphone', kind='unsupported', says='PortAudio')


def test_json_is_an_array_of_utterances():
    for data, n in ((SAMPLES[:64000], 1), (bytes(32000), 0)):
        code, out, err = listen(device(data), *FAST, '--format', 'json')
        results = json.loads(out)
        assert code == 130 and err == '' and len(results) == n
        assert all(result['type'] == 'final' and result['text'] for result in results)
