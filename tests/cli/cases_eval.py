"""eval: manifests, what is counted, shards, going on where work was broken off.

SPDX-License-Identifier: BSD-2-Clause
"""
import csv
import fcntl
import io
import json
import os
import signal
import subprocess
import time

from support import (BUNDLED, FOLDER, PROGRAM, SAMPLE, fails, need_numpy, pcm, read, run, shared,
                     temporary, text_of, wav, write)

FAST = ('--decoder', 'greedy', '--no-lm')


def manifest(name, rows, delimiter=',', header=('wav_filename', 'wav_filesize', 'transcript')):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([header] + rows)
    return write(name, out.getvalue().encode())


def clips(n):
    """Names of short recordings, and what the program hears in each."""
    data = pcm(SAMPLE)
    names = ['clip%d.wav' % i for i in range(n)]
    for i, name in enumerate(names):
        write(name, wav(data[i * 12000:i * 12000 + 48000]))
    return names, [text_of(*FAST, temporary(name)) for name in names]


def genuine_manifest():
    with open(shared('audio', 'transcripts.json'), encoding='utf-8') as file:
        facts = json.load(file)
    return manifest('genuine.csv', [[shared('audio', name), '0', facts[name]['transcript']]
                                    for name in sorted(facts)])


def counts(result):
    return tuple(result[key] for key in ('words', 'substitutions', 'insertions', 'deletions'))


def distance(a, b):
    """Edit distance, written down once more and differently."""
    table = {(-1, j): j + 1 for j in range(-1, len(b))}
    table.update({(i, -1): i + 1 for i in range(-1, len(a))})
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1,
                              table[i - 1, j - 1] + (x != y))
    return table[len(a) - 1, len(b) - 1]


def test_counts_are_those_made_by_hand():
    name = os.path.basename(write('hand.wav', wav(pcm(SAMPLE)[:80000])))
    heard = text_of(*FAST, temporary(name))
    words = heard.split()
    assert len(words) >= 4 and len(set(words)) == len(words), words
    said = ['zebra'] + words[1:2] + ['yacht'] + words[2:-1]
    # The first word is another, one was not heard, and the last was not said.
    path = manifest('one.csv', [[name, '0', ' '.join(said)]])
    result = run('eval', *FAST, '--json', '--texts', path).json()
    assert counts(result) == (len(said), 1, 1, 1), result
    assert result['files'] == 1 and result['failed'] == 0
    assert abs(result['wer'] - 3 / len(said)) < 1e-8
    text = ' '.join(said)
    assert result['characters'] == len(text)
    assert abs(result['cer'] - distance(text, heard) / len(text)) < 1e-8
    line = result['results'][0]
    assert (line['file'], line['line']) == (name, 2)
    assert (line['reference'], line['hypothesis']) == (text, heard)


def test_words_heard_as_they_are_transcribed():
    names, heard = clips(3)
    path = manifest('right.csv', [[name, '0', '  %s ' % text] for name, text in zip(names, heard)])
    result = run('eval', *FAST, '--json', path).json()
    assert result['wer'] == 0 and result['cer'] == 0 and result['files'] == 3
    assert result['words'] == sum(len(text.split()) for text in heard)
    assert result['wer_interval'] == [0, 0]


def test_every_header_and_both_separators():
    names, heard = clips(1)
    expected = counts(run('eval', *FAST, '--json', manifest('a.csv', [[names[0], '', 'one two']]))
                      .json())
    for i, (audio, text) in enumerate((('file', 'text'), ('audio', 'transcript'),
                                       ('wav_filename', 'text'))):
        for delimiter in ',\t':
            path = manifest('h%d.csv' % i, [['one two', 'x,\ty', names[0]]], delimiter,
                            (text, 'speaker', audio))
            assert counts(run('eval', *FAST, '--json', path).json()) == expected
    assert heard


def test_names_are_relative_to_the_manifest():
    names, _ = clips(1)
    path = manifest('here.csv', [[names[0], '0', 'x']])
    for name, folder in ((path, '/'), (os.path.basename(path), FOLDER.name)):
        assert run('eval', *FAST, '--json', name, cwd=folder).json()['files'] == 1
    assert run('eval', *FAST, '--json', '-', stdin=read(path), cwd=FOLDER.name).json()['files'] == 1


def test_table_has_every_recording_and_the_sums():
    names, heard = clips(2)
    path = manifest('table.csv', [[name, '0', text + ' more'] for name, text in zip(names, heard)])
    lines = run('eval', *FAST, '--texts', path).out.splitlines()
    assert lines[0].split() == ['WER', '%', 'CER', '%', 'words', 'sub', 'ins', 'del', 'file']
    assert lines[1].split()[2:] == [str(len(heard[0].split()) + 1), '0', '0', '1', names[0]]
    assert lines[2].strip() == 'said   %s more' % heard[0]
    assert lines[3].strip() == 'heard  ' + heard[0]
    assert lines[7].split() == ['files', '2']
    assert lines[8].startswith('WER') and lines[9].startswith('CER') and len(lines) == 10


def test_recordings_that_fail_are_named_and_the_others_done():
    names, heard = clips(2)
    bad = os.path.basename(write('bad.wav', b'RIFFxxxx'))
    path = manifest('some.csv', [[names[0], '0', heard[0]], [bad, '0', 'a'],
                                 ['gone.wav', '0', 'b'], [names[1], '0', heard[1]]])
    result = run('eval', *FAST, '--json', path, code=1)
    report = result.json()
    assert (report['files'], report['failed'], report['wer']) == (2, 2, 0)
    assert [line['file'] for line in report['results'] if 'failure' in line] == [bad, 'gone.wav']
    assert [line.split(': ')[1] for line in result.err.splitlines()] == [bad, 'gone.wav']
    assert 'failed' in run('eval', *FAST, path, code=1).out


def test_nothing_said_and_nothing_to_do():
    empty = os.path.basename(write('empty.wav', wav(b'')))
    result = run('eval', *FAST, '--json', manifest('silent.csv', [[empty, '0', '']])).json()
    assert (result['files'], result['words'], result['wer'], result['cer']) == (1, 0, None, None)
    result = run('eval', *FAST, '--json', manifest('none.csv', [])).json()
    assert (result['files'], result['wer'], result['results']) == (0, None, [])
    assert run('eval', *FAST, manifest('none.csv', [])).out


def test_shards_are_every_nth_line_and_together_all():
    names, heard = clips(5)
    path = manifest('five.csv', [[name, '0', text + ' more'] for name, text in zip(names, heard)])
    whole = run('eval', *FAST, '--json', path).json()
    shards = [run('eval', *FAST, '--json', '--shard', '%d/2' % i, path).json() for i in (1, 2)]
    assert [line['file'] for line in shards[0]['results']] == names[0::2]
    assert [line['file'] for line in shards[1]['results']] == names[1::2]
    assert counts(whole) == tuple(map(sum, zip(*map(counts, shards))))
    assert run('eval', *FAST, '--json', '--shard', '7/9', path).json()['files'] == 0
    for shard in ('0/2', '3/2', '1', '1/', '/2', '1/2/3', 'a/b', '-1/2', '1/0', '1/2000000',
                  '9' * 40 + '/' + '9' * 40):
        fails('eval', *FAST, '--shard=' + shard, path, code=2, name='--shard')


def test_what_is_done_is_kept():
    names, heard = clips(4)
    path = manifest('kept.csv', [[name, '0', text + ' more'] for name, text in zip(names, heard)])
    kept = temporary('kept.jsonl')
    expected = run('eval', *FAST, '--json', path).out
    run('eval', *FAST, '--resume', kept, '--shard', '2/2', path)
    assert len(read(kept).splitlines()) == 3
    # That they are not done again shows where the recordings are gone.
    os.rename(temporary(names[1]), temporary('away.wav'))
    try:
        assert run('eval', *FAST, '--json', '--resume', kept, path).out == expected
    finally:
        os.rename(temporary('away.wav'), temporary(names[1]))
    done = read(kept)
    assert len(done.splitlines()) == 5
    for cut in (1, 30, len(done.splitlines()[-1]), len(done) - 5):
        write('kept.jsonl', done[:-cut])
        assert run('eval', *FAST, '--json', '--resume', kept, path).out == expected
        assert sorted(read(kept).splitlines()) == sorted(done.splitlines())
    write('kept.jsonl', b'')
    assert run('eval', *FAST, '--json', '--resume', kept, path).out == expected


def test_what_was_done_with_other_settings_is_refused():
    names, _ = clips(2)
    path = manifest('other.csv', [[name, '0', 'x'] for name in names])
    kept = temporary('other.jsonl')
    run('eval', *FAST, '--resume', kept, path)
    before = read(kept)
    fails('eval', '--no-lm', '--resume', kept, path, code=3, name=kept, says='decoder')
    fails('eval', *FAST, '--beam-width', '7', '--resume', kept, path, code=3, name=kept,
          says='beam-width')
    other = manifest('other2.csv', [[name, '0', 'y'] for name in names])
    fails('eval', *FAST, '--resume', kept, other, code=3, name=kept, says='another manifest')
    assert read(kept) == before
    for data in (b'no file of ours\n', b'no file of ours', b'{}\n', b'[1]\n',
                 before + b'{"line": 3}\n', before + b'{"line": 99, "hypothesis": ""}\n',
                 before + b'x\n', before.replace(b'"hypothesis"', b'"x"')):
        write('other.jsonl', data)
        fails('eval', *FAST, '--resume', kept, path, code=3, name=kept)
        assert read(kept) == data
    fails('eval', *FAST, '--resume', path, path, code=2, name=path)
    fails('eval', *FAST, '--resume', FOLDER.name, path, code=3, name=FOLDER.name)


def test_two_programs_do_not_write_one_file():
    names, _ = clips(1)
    path = manifest('lock.csv', [[names[0], '0', 'x']])
    kept = write('lock.jsonl', b'')
    with open(kept, 'r+b') as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        fails('eval', *FAST, '--resume', kept, path, code=3, name=kept, says='another program')
    run('eval', *FAST, '--resume', kept, path)


def test_models_and_scorers_are_refused_at_once():
    path = manifest('refused.csv', [['gone.wav', '0', 'x']])
    alphabet = write('greek.txt', ' \n'.join('αβγδεζηθικλμνξοπρστυφχψωΑΒΓ').encode() + b' \n')
    broken = write('broken.pb', b'no model')
    for tuning in ((), ('--tune',)):
        fails('eval', *tuning, '-m', broken, path, code=3, name=broken)
        fails('eval', *tuning, '--lm', broken, path, code=3, name=broken)
        fails('eval', *tuning, '--alphabet', alphabet, path, code=3)


def test_signal_ends_after_the_last_whole_recording():
    names, heard = clips(2)
    long = os.path.basename(write('long.wav', wav(pcm(SAMPLE) * 100)))
    path = manifest('signal.csv', [[names[0], '0', heard[0]], [long, '0', 'x'],
                                   [names[1], '0', heard[1]]])
    kept = temporary('signal.jsonl')
    process = subprocess.Popen([PROGRAM, 'eval', *FAST, '--resume', kept, path],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not os.path.exists(kept) or len(read(kept).splitlines()) < 2:
        time.sleep(0.05)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, (out, err)
    assert b'interrupted: 1 of 3 recordings are done' in err and b'files   1\n' in out
    assert len(read(kept).splitlines()) == 2


def test_damaged_manifests_are_refused():
    for name, data in (('m1.csv', b''), ('m2.csv', b'a,b\n'), ('m3.csv', b'file,text\nx\n'),
                       ('m4.csv', b'file,text\nx,"y\n'), ('m5.csv', b'\x00')):
        path = write(name, data)
        fails('eval', path, code=4, name=path, kind='malformed file')
    fails('eval', 'missing.csv', code=4, name='missing.csv', kind='I/O')
    fails('eval', code=2, name='eval', kind='usage')
    fails('eval', path, path, code=2, name='eval', kind='usage')


def test_progress_is_shown_where_it_is_asked_for():
    names, heard = clips(1)
    path = manifest('p.csv', [[names[0], '0', heard[0]]] * 2)
    assert run('eval', *FAST, path).err == ''
    assert run('eval', *FAST, '--progress', path).err.count('\n') <= 1


def pairs(result):
    return [(line['alpha'], line['beta']) for line in result['tries']]


def test_tuning_finds_the_weights_with_the_fewest_errors():
    name = os.path.basename(write('tune.wav', wav(pcm(SAMPLE)[:80000])))
    path = manifest('tune.csv', [[name, '0', 'she felt that which she had']])
    options = ('--beam-width', '20', '--tune', '--lm-alpha-max', '2', '--lm-beta-max', '3')
    result = run('eval', *options, '--json', path).json()
    tries = result['tries']
    assert tries[0]['alpha'] == 1.3 and tries[0]['beta'] == 1.5
    grid = {(round(0.4 * i, 6), round(0.6 * j, 6)) for i in range(6) for j in range(6)}
    assert grid <= {(round(a, 6), round(b, 6)) for a, b in pairs(result)}
    assert len(set(pairs(result))) == len(tries) > 37
    best = min(tries, key=lambda line: (sum(counts(line)[1:]), line['character_errors']))
    assert (result['alpha'], result['beta']) == (best['alpha'], best['beta'])
    assert counts(result) == counts(best)
    table = run('eval', *options, path).out.splitlines()
    assert len(table) == len(tries) + 2
    assert table[-1] == 'best of %d: --lm-alpha %.10g --lm-beta %.10g' % (
        len(tries), best['alpha'], best['beta'])
    again = run('eval', '--beam-width', '20', '--lm-alpha', str(best['alpha']), '--lm-beta',
                str(best['beta']), '--json', path).json()
    assert counts(again) == counts(best) and again['cer'] == best['cer']


def test_tuning_decodes_what_transcribing_decodes():
    name = os.path.basename(write('same.wav', wav(pcm(SAMPLE)[:60001])))
    path = manifest('same.csv', [[name, '0', 'she felt that which']])
    lm = os.path.join(BUNDLED, 'lm.binary')
    weights = ('--beam-width', '20', '--lm', lm, '--lm-alpha', '0.5', '--lm-beta', '2.5', '--json')
    models = [shared('oracle', 'graphs', model, 'output_graph.pb') for model in (
        'ds011-h64-s7', 'ds030-h64-s7', 'ds061-h40-s4', 'ds093-h64-s7')]
    for model in models + [os.path.join(BUNDLED, 'output_graph.pb')]:
        expected = run('eval', '-m', model, *weights, path).json()
        result = run('eval', '-m', model, *weights, '--tune', '--lm-alpha-max', '0',
                     '--lm-beta-max', '0', path).json()
        assert pairs(result) == [(0.5, 2.5), (0, 0)]
        assert counts(result['tries'][0]) == counts(expected), model
        assert result['tries'][0]['cer'] == expected['cer'], model


def test_logits_may_be_kept_in_a_folder():
    numpy = need_numpy()
    names, _ = clips(2)
    empty = os.path.basename(write('empty2.wav', wav(b'')))
    path = manifest('logits.csv', [[names[0], '0', 'she felt'], [empty, '0', ''],
                                   ['gone.wav', '0', 'x'], [names[1], '0', 'that']])
    folder = temporary('logits')
    options = ('eval', '--beam-width', '20', '--tune', '--lm-alpha-max', '1', '--lm-beta-max', '0')
    expected = run(*options, '--json', path, code=1)
    assert run(*options, '--json', '--logits', folder, path, code=1).out == expected.out
    assert run(*options, '--json', '--logits', folder, path, code=1).out == expected.out
    assert expected.json()['files'] == 3 and expected.json()['failed'] == 1
    assert sorted(os.listdir(folder)) == ['000002.npy', '000003.npy', '000005.npy']
    assert numpy.load(os.path.join(folder, '000002.npy')).shape[1:] == (29,)
    assert numpy.load(os.path.join(folder, '000003.npy')).shape == (0, 29)
    fails(*options, '--logits', path, path, code=5, name=path)


def test_tuning_needs_something_to_tune():
    names, _ = clips(1)
    path = manifest('t.csv', [[names[0], '0', 'x']])
    for options in (('--no-lm',), ('--decoder', 'greedy'),
                    ('-m', os.path.join(BUNDLED, 'output_graph.pb'))):
        fails('eval', '--tune', *options, path, code=2, name='--tune', says='no language model')
    fails('eval', '--tune', '--resume', 'x', path, code=2, name='--resume')
    fails('eval', '--tune', '--texts', path, code=2, name='--texts')
    for option in ('--lm-alpha-max', '--lm-beta-max'):
        fails('eval', option, '1', path, code=2, name=option, says='--tune')
        fails('eval', '--tune', option, '-1', path, code=2, name=option)
        fails('eval', '--tune', option, 'x', path, code=2, name=option)
    path = manifest('t2.csv', [])
    fails('eval', '--tune', path, code=4, name=path, kind='audio')


def test_signal_ends_tuning_with_the_best_so_far():
    names, _ = clips(1)
    path = manifest('ts.csv', [[names[0], '0', 'she felt that']] * 3)
    process = subprocess.Popen([PROGRAM, 'eval', '--tune', path], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and b'tries are done' in err, (out, err)
    assert out.splitlines()[-1].startswith(b'best of ')


def test_genuine_recordings():
    path = genuine_manifest()
    rates = {}
    for name, options in (('without', ('--no-lm',)), ('tensorflow', ()),
                          ('prefix', ('--decoder', 'prefix'))):
        result = run('eval', '--json', '--texts', *options, path, timeout=200).json()
        assert (result['files'], result['words']) == (6, 55)
        files = [line['file'] for line in result['results']]
        assert [line['hypothesis'] for line in result['results']] == \
            text_of(*options, *files, timeout=200).split('\n')
        errors = sum(distance(line['reference'].split(), line['hypothesis'].split())
                     for line in result['results'])
        assert errors == sum(counts(result)[1:])
        low, high = result['wer_interval']
        assert low <= result['wer'] <= high
        rates[name] = result['wer']
    assert rates['tensorflow'] < rates['without'] and rates['prefix'] < rates['without']
