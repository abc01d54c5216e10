"""Kinds of audio: all must give the samples that are meant.

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import random
import shutil
import struct
import subprocess
import threading

from support import (FOLDER, PROGRAM, SAMPLE, Skip, fails, need_numpy, pcm, read, run, shared,
                     short_sample, temporary, text_of, wav, write)

FAST = ('--decoder', 'greedy')
SHORT = short_sample()


def expected():
    return text_of(*FAST, SHORT)


def frames(*arguments, **options):
    """The feature frames of an input, which show every sample."""
    numpy = need_numpy()
    path = temporary('frames.npy')
    run('features', *arguments, '-o', path, **options)
    return numpy.load(path)


def samples():
    return need_numpy().frombuffer(pcm(SAMPLE), '<i2')


def same(a, b):
    return a.shape == b.shape and (a == b).all()


def test_sample_is_transcribed_by_the_bundled_model():
    text = text_of(SAMPLE)
    assert 'sensa' in text or 'she' in text, text


def test_pipe_file_and_fifo_are_the_same():
    text = expected()
    assert text_of('transcribe', *FAST, '-', stdin=read(SHORT)) == text
    with open(SHORT, 'rb') as file:
        done = subprocess.run([PROGRAM, *FAST, '-'], stdin=file, stdout=subprocess.PIPE, check=True)
    assert done.stdout.decode().strip() == text
    fifo = temporary('fifo')
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: open(fifo, 'wb').write(read(SHORT)))
    writer.start()
    assert text_of(*FAST, fifo) == text
    writer.join()


def test_lengths_that_say_until_the_end():
    data = pcm(SHORT)
    text = expected()
    for size in (0, 0x7fffffff, 0xffffffff, 0x7ffff000, len(data)):
        stream = wav(data, size=size)
        assert text_of(*FAST, '-', stdin=stream) == text, size
        assert text_of(*FAST, write('length.wav', stream)) == text, size


def test_declared_length_ends_the_samples():
    data = pcm(SAMPLE)
    whole = frames(SAMPLE)
    path = write('tail.wav', wav(data) + b'LIST' + struct.pack('<I', 400) + b'x' * 400)
    assert same(frames(path), whole)
    assert same(frames('-', stdin=read(path)), whole)


def test_truncated_wav_is_read_as_far_as_it_goes():
    data = pcm(SAMPLE)
    for cut in (2, 1001, 20000):
        whole = frames(write('whole.wav', wav(data[:len(data) - cut - cut % 2])))
        stream = wav(data)[:-cut]
        assert same(frames(write('cut.wav', stream)), whole), cut
        assert same(frames('-', stdin=stream), whole), cut


def test_chunks_before_the_samples_are_skipped():
    extra = b'LIST' + struct.pack('<I', 5) + b'INFO12' + b'junk' + struct.pack('<I', 0)
    path = write('extra.wav', wav(pcm(SAMPLE), extra=extra))
    assert same(frames(path), frames(SAMPLE))
    assert same(frames('-', stdin=read(path)), frames(SAMPLE))


def test_raw_encodings_are_read():
    numpy = need_numpy()
    x = samples()
    whole = frames(SAMPLE)
    wide = x.astype('<i4') << 16
    encodings = {
        's16le': x.tobytes(),
        's16be': x.astype('>i2').tobytes(),
        's24le': b''.join(value.tobytes()[1:] for value in wide),
        's32le': wide.tobytes(),
        'f32le': (x / numpy.float32(32768)).astype('<f4').tobytes(),
    }
    for name, data in encodings.items():
        got = frames('--raw', '--encoding', name, '-', stdin=data)
        assert same(got, whole), name
    assert same(frames('--raw', write('raw.bin', encodings['s16le'])), whole)
    byte = ((x >> 8) + 128).astype('u1')
    coarse = ((byte.astype('<i2') - 128) << 8).astype('<i2').tobytes()
    assert same(frames('--raw', '--encoding', 'u8', '-', stdin=byte.tobytes()),
                frames('--raw', '-', stdin=coarse))


def sox(*arguments):
    program = shutil.which('sox')
    if not program:
        raise Skip('no sox')
    subprocess.run([program, '-D', *arguments], check=True, stderr=subprocess.DEVNULL)


def test_companded_encodings_are_those_of_sox():
    for name, encoding in (('mulaw', 'mu-law'), ('alaw', 'a-law')):
        raw, back = temporary('law.raw'), temporary('back.wav')
        codes = bytes(range(256)) * 8
        source = write('codes.raw', codes)
        form = ['-t', 'raw', '-r', '16000', '-c', '1', '-e', encoding, '-b', '8']
        sox(*form, source, '-t', 'wav', '-e', 'signed', '-b', '16', back)
        assert same(frames('--raw', '--encoding', name, source), frames(back)), name
        sox(SAMPLE, *form, raw)
        sox(SAMPLE, '-e', encoding, '-b', '8', temporary('law.wav'))
        assert same(frames(temporary('law.wav')), frames('--raw', '--encoding', name, raw)), name
        assert same(frames('-', stdin=read(temporary('law.wav'))),
                    frames(temporary('law.wav'))), name


def test_channels_are_mixed_to_their_mean():
    numpy = need_numpy()
    x = samples()[:20000]
    other = numpy.roll(x, 999)
    mean = (x.astype('f4') + other.astype('f4')) / 65536
    whole = frames('--raw', '--encoding', 'f32le', '-', stdin=mean.astype('<f4').tobytes())
    both = numpy.stack([x, other], 1).tobytes()
    assert same(frames(write('two.wav', wav(both, channels=2))), whole)
    assert same(frames('-', stdin=wav(both, channels=2)), whole)
    assert same(frames('--raw', '--channels', '2', '-', stdin=both), whole)
    same_twice = numpy.stack([x] * 6, 1).tobytes()
    assert same(frames('-', stdin=wav(same_twice, channels=6)),
                frames('-', stdin=wav(x.tobytes())))


def test_other_files_of_the_same_samples():
    whole = frames(SAMPLE)
    for ending, options in (('flac', []), ('aiff', []), ('au', []), ('w64', []),
                            ('wav', ['-b', '24']), ('wav', ['-b', '32']),
                            ('wav', ['-e', 'float', '-b', '32']),
                            ('wav', ['-e', 'float', '-b', '64'])):
        path = temporary('other.' + ending)
        sox(SAMPLE, *options, path)
        assert same(frames(path), whole), (ending, options)


def test_other_rates_are_resampled():
    numpy = need_numpy()
    whole = frames(SAMPLE)
    for rate in (8000, 11025, 22050, 44100, 48000):
        path = temporary('rate.wav')
        sox(SAMPLE, '-r', str(rate), path)
        got = frames(path)
        assert abs(len(got) - len(whole)) <= 1, rate
        n = min(len(got), len(whole)) - 1
        # c0, the loudness of a frame, hardly knows that the highest frequencies are gone.
        error = numpy.abs(got[:n, 0] - whole[:n, 0])
        assert numpy.median(error) < (0.05 if rate > 16000 else 2.0), (rate, numpy.median(error))
        assert same(frames('-', stdin=read(path)), got), rate


def test_raw_samples_of_another_rate():
    path = temporary('slow.wav')
    sox(SAMPLE, '-r', '8000', path)
    assert same(frames('--raw', '--rate', '8000', '-', stdin=pcm(path)), frames(path))


def test_awkward_files_give_the_words_that_were_meant():
    numpy = need_numpy()
    model = shared('oracle', 'e2e', 'models', 'ds030-h64-seed7.pb')
    plain = frames(shared('audio', '2902-9008-0015.wav'))
    inputs = lambda name: shared('oracle', 'e2e', 'inputs', name)
    assert same(frames(inputs('stereo_16k.wav')), plain)
    assert same(frames(inputs('mono_16k_8bit.wav')), frames(inputs('mono_16k_8bit.wav')))
    for name, sox_name in (('mono_8k', 'mono_8k'), ('stereo_44k1', 'stereo_44k1'),
                           ('mono_48k_24bit', 'mono_48k_24bit')):
        x = numpy.load(shared('oracle', 'e2e', 'client', 'sox_16k_%s.npy' % sox_name))
        by_sox = frames(write('sox.wav', wav(x.astype('<i2').tobytes())))
        ours = frames(inputs(name + '.wav'))
        assert ours.shape == by_sox.shape, name
        assert numpy.median(numpy.abs(ours[:, 0] - by_sox[:, 0])) < 0.3, name
    # The text of the genuine client, where its conversion was right.
    assert text_of('-m', model, inputs('stereo_44k1.wav')) == \
        "'i'zizifififififizizizizizifififizizizizizizizizizizizizizizizi"
    assert text_of('-m', model, inputs('stereo_16k.wav')) == \
        text_of('-m', model, shared('audio', '2902-9008-0015.wav'))


def test_empty_recordings_have_an_empty_text():
    for path in (write('none.wav', wav(b'')), write('half.wav', wav(b'x'))):
        assert run(path).out == '\n'
        assert run('-', stdin=read(path)).out == '\n'
    assert run('--raw', '-').out == '\n'
    result = run('--format', 'json', '--raw', '-').json()
    assert result['text'] == '' and result['words'] == [] and len(result['candidates']) == 1


def test_floats_that_are_no_numbers_do_no_harm():
    numpy = need_numpy()
    x = (samples()[:40000] / numpy.float32(32768)).astype('<f4')
    x[1000:1010] = numpy.nan
    x[5000] = numpy.inf
    x[6000] = -1e38
    broken = wav(x.tobytes(), bits=32, tag=3)
    clipped = numpy.nan_to_num(x, nan=0, posinf=1).clip(-1, 1)
    whole = wav(clipped.astype('<f4').tobytes(), bits=32, tag=3)
    assert (frames('-', stdin=broken) == frames('-', stdin=whole)).all()
    run(*FAST, '-', stdin=broken)
    run(*FAST, '-', stdin=wav(x.tobytes(), bits=32, tag=3, rate=44100))


def test_what_is_no_audio_is_refused():
    for data in (b'', b'RIFF', b'hello world', bytes(5000)):
        path = write('no.wav', data)
        fails(path, code=4, name=path, kind='audio')
        fails('-', code=4, name='-', kind='audio', stdin=data)
    fails(temporary('missing.wav'), code=4, kind='I/O', says='No such file')
    fails('-', code=4, name='-', kind='audio', stdin=wav(b'x' * 100, channels=0))
    fails('-', code=4, name='-', kind='audio', stdin=wav(b'x' * 100, rate=0))
    fails('-', code=4, name='-', kind='audio', stdin=wav(b'x' * 100, rate=0xffffffff))
    fails('-', code=4, name='-', kind='audio', stdin=wav(b'x' * 100, tag=0x11))


def test_damaged_wavs_neither_crash_nor_hang():
    generator = random.Random(7)
    good = wav(pcm(SAMPLE)[:3000])
    for _ in range(50):
        data = bytearray(good[:generator.randrange(len(good))])
        for _ in range(generator.randrange(8)):
            if data:
                data[generator.randrange(min(len(data), 48))] = generator.randrange(256)
        path = write('damaged.wav', bytes(data))
        for name, stdin in (('-', bytes(data)), (path, b'')):
            done = subprocess.run([PROGRAM, 'features', name, '-o', temporary('damaged.npy')],
                                  input=stdin, timeout=20, stderr=subprocess.PIPE, check=False)
            assert done.returncode in (0, 4), (done.returncode, done.stderr, bytes(data)[:60])


def test_folder_stands_for_its_audio_files_by_name():
    folder = temporary('folder')
    os.makedirs(os.path.join(folder, 'sub.wav'), exist_ok=True)
    short = wav(pcm(SAMPLE)[:32000])
    for name in ('b.wav', 'a.WAV', 'c.flac', 'notes.txt', '.hidden.wav'):
        path = os.path.join(folder, name)
        if name == 'c.flac':
            sox(SAMPLE, path)
        else:
            with open(path, 'wb') as file:
                file.write(short)
    for spelling in (folder, folder + '/'):
        result = run('--format', 'jsonl', *FAST, spelling)
        assert [os.path.basename(item['file']) for item in result.lines()] == \
            ['a.WAV', 'b.wav', 'c.flac'], result
        assert all('//' not in item['file'] for item in result.lines()), result
    empty = temporary('empty')
    os.makedirs(empty, exist_ok=True)
    fails(empty, code=4, name=empty, kind='audio')


def test_some_bad_inputs_do_not_stop_the_others():
    bad = write('bad.wav', b'nothing')
    missing = temporary('missing.wav')
    result = run(*FAST, bad, SHORT, missing, SHORT, code=1)
    assert result.out == (expected() + '\n') * 2
    assert len(result.err.splitlines()) == 2 and bad in result.err and missing in result.err
    result = run(*FAST, '--format', 'json', bad, SHORT, code=1)
    assert [item['file'] for item in result.json()] == [SHORT]
    assert run(*FAST, '--format', 'json', bad, missing, code=1).json() == []
    assert os.path.isdir(FOLDER.name)
