"""Tables and subtitles, read back by parsers of their own.

SPDX-License-Identifier: BSD-2-Clause
"""
import csv
import html
import io
import os
import random
import re
import shutil

from support import SAMPLE, fails, need_numpy, npy, run, temporary, write

FAST = ('--decoder', 'greedy')
LABELS = ' abcdefghij,"\'<>&;=-語é'
HEADER = ['file', 'start', 'end', 'text']
SRT_TIMES = re.compile(r'^(\d\d):(\d\d):(\d\d),(\d{3}) --> (\d\d):(\d\d):(\d\d),(\d{3})$')


def alphabet():
    return write('odd.txt', ''.join(label + '\n' for label in LABELS).encode())


def logits(name, spoken):
    """An array in which the words [(first frame, text)] are said, a letter every second frame."""
    np = need_numpy()
    letters = [(frame + 2 * i, letter) for frame, text in spoken for i, letter in
               enumerate(text + ' ')]
    rows = np.zeros((letters[-1][0] + 20 if letters else 20, len(LABELS) + 1), np.float32)
    rows[:, -1] = 10
    for frame, letter in letters:
        rows[frame, LABELS.index(letter)] = 20
    return npy(name, rows)


def say(numbers, n_words, longest=9, gaps=(1, 1, 2, 4, 9, 20, 45, 120)):
    frame, spoken = numbers.randrange(100), []
    for _ in range(n_words):
        text = ''.join(numbers.choice(LABELS[1:]) for _ in range(numbers.randint(1, longest)))
        spoken.append((frame, text))
        frame += 2 * len(text) + 2 + numbers.choice(gaps)
    return spoken


def decode(path, form, *options):
    return run('decode', '--alphabet', alphabet(), *FAST, '--format', form, *options, path)


def words_of(path):
    return decode(path, 'json').json()['words']


def read_table(text, delimiter=','):
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
    assert rows[0] == HEADER
    assert all(len(row) == len(HEADER) for row in rows), rows
    return [(row[0], float(row[1]), float(row[2]), row[3]) for row in rows[1:]]


def seconds(parts):
    hours, minutes, rest, thousandths = (int(part) for part in parts)
    assert minutes < 60 and rest < 60
    return 3600 * hours + 60 * minutes + rest + thousandths / 1000


def read_srt(text):
    """The cues (start, end, lines), which are numbered and end with an empty line each."""
    cues = []
    blocks = text.split('\n\n')
    assert blocks.pop() == ''
    for number, block in enumerate(blocks, 1):
        lines = block.split('\n')
        assert lines[0] == str(number), block
        match = SRT_TIMES.match(lines[1])
        assert match, block
        cues.append((seconds(match.groups()[:4]), seconds(match.groups()[4:]), lines[2:]))
    return cues


def read_vtt(text):
    head, _, body = text.partition('\n\n')
    assert head == 'WEBVTT'
    blocks = [block for block in body.split('\n\n') if not block.startswith('NOTE ')]
    assert blocks.pop() == ''
    for block in blocks:
        payload = block.partition('\n')[2]
        assert '-->' not in payload and '<' not in payload
    as_srt = ['%d\n%s' % (i, block.replace('.', ',', 2)) for i, block in enumerate(blocks, 1)]
    return [(start, end, [html.unescape(line) for line in lines])
            for start, end, lines in read_srt('\n\n'.join(as_srt + ['']))]


def check_rows(rows, name, words, silence_s=0.8, longest_s=30):
    """Rows hold all words, and begin and end with them."""
    at = 0
    for i, (file, start, end, text) in enumerate(rows):
        n = len(text.split())
        part = words[at:at + n]
        assert file == name and n > 0 and text == ' '.join(word['word'] for word in part)
        assert abs(start - part[0]['start']) < 1e-6 and abs(end - part[-1]['end']) < 1e-6
        assert n == 1 or end - start <= longest_s + 1e-6
        assert all(b['start'] - a['end'] < silence_s + 1e-6 for a, b in zip(part, part[1:]))
        if i > 0:
            last = words[at - 1]
            assert (part[0]['start'] - last['end'] > silence_s - 1e-6
                    or part[0]['end'] - rows[i - 1][1] > longest_s - 1e-6)
        at += n
    assert at == len(words)


def check_cues(cues, words, divided=False):
    """Cues hold all words, in order and in time, and can be read."""
    last = 0
    for start, end, lines in cues:
        assert 1 <= len(lines) <= 2 and all(1 <= len(line) <= 42 for line in lines), lines
        assert last <= start < end <= start + 10, (last, start, end)
        last = end
    join = '' if divided else ' '
    text = join.join(line for _, _, lines in cues for line in lines)
    wanted = join.join(word['word'] for word in words)
    assert (text.replace(' ', '') if divided else text) == wanted
    if divided:
        return
    at = 0
    for start, end, lines in cues:
        n = len(' '.join(lines).split())
        part = words[at:at + n]
        assert abs(start - part[0]['start']) < 0.0021, (start, part)
        assert end > part[-1]['end'] - 0.0021 and end - part[-1]['end'] < 1.01
        assert all(b['start'] - a['end'] < 0.8 for a, b in zip(part, part[1:])), part
        at += n


def test_rows_and_cues_hold_all_words():
    numbers = random.Random(1)
    for i in range(25):
        path = logits('said.npy', say(numbers, 1 + i * 8))
        words = words_of(path)
        assert words
        check_rows(read_table(decode(path, 'csv').out), path, words)
        check_rows(read_table(decode(path, 'tsv').out, '\t'), path, words)
        srt, vtt = read_srt(decode(path, 'srt').out), read_vtt(decode(path, 'vtt').out)
        assert srt == vtt
        check_cues(srt, words)


def test_words_too_long_for_a_cue_are_divided():
    numbers = random.Random(2)
    for longest in (45, 100, 700):
        path = logits('long.npy', say(numbers, 12, longest))
        words = words_of(path)
        assert max(len(word['word']) for word in words) > 42
        check_cues(read_srt(decode(path, 'srt').out), words, divided=True)
        rows = read_table(decode(path, 'csv').out)
        assert ' '.join(row[3] for row in rows).split() == [word['word'] for word in words]
        assert all(start < end for _, start, end, _ in rows)


def test_a_letter_that_lasts_makes_a_cue_of_ten_seconds():
    np = need_numpy()
    rows = np.zeros((2000, len(LABELS) + 1), np.float32)
    rows[:, -1] = 10
    rows[100, 1] = rows[1900, 2] = 20
    cues = read_srt(decode(npy('slow.npy', rows), 'srt').out)
    assert [cue[2] for cue in cues] == [['a'], ['b']]
    assert all(end - start <= 10 for start, end, _ in cues)


def test_an_utterance_ends_before_it_is_too_long():
    path = logits('endless.npy', [(12 * i, 'ab') for i in range(400)])
    words = words_of(path)
    rows = read_table(decode(path, 'csv').out)
    assert len(rows) == 4
    check_rows(rows, path, words)


def test_cues_end_at_a_pause():
    spoken = [(100 + 14 * i + (25 if i >= 12 else 0), 'abcdef') for i in range(20)]
    cues = read_srt(decode(logits('pause.npy', spoken), 'srt').out)
    assert [len(' '.join(lines).split()) for _, _, lines in cues][0] in (9, 10, 11, 12)
    spoken = [(100 + 14 * i + (25 if i >= 8 else 0), 'abcdef') for i in range(20)]
    cues = read_srt(decode(logits('pause.npy', spoken), 'srt').out)
    assert len(' '.join(cues[0][2]).split()) == 8


def test_names_cannot_break_rows():
    source = logits('plain.npy', [(10, 'a,"b"'), (30, 'c')])
    for name in ('a,b.npy', '"a".npy', 'a\nb.npy', 'a\tb.npy', ' a \r\n"",', '\'a\'.npy'):
        path = temporary(name)
        shutil.copyfile(source, path)
        for form, delimiter in (('csv', ','), ('tsv', '\t')):
            result = run('decode', '--alphabet', alphabet(), *FAST, '--format', form, path, source)
            assert [row[0] for row in csv.reader(io.StringIO(result.out, newline=''),
                                                 delimiter=delimiter)][1:] == [path, source]
        assert len(read_vtt(decode(path, 'vtt', source).out)) == 2
        os.remove(path)


def test_silence_is_a_row_and_no_cue():
    path = logits('nothing.npy', [])
    assert read_table(decode(path, 'csv').out) == [(path, 0, 0.4, '')]
    assert decode(path, 'srt').out == ''
    assert decode(path, 'vtt').out == 'WEBVTT\n\n'


def test_recordings_follow_each_other():
    paths = [logits('one.npy', [(10, 'a')]), logits('two.npy', [(20, 'b')])]
    assert [row[0] for row in read_table(decode(paths[1], 'csv', paths[0]).out)] == paths
    assert [cue[2] for cue in read_srt(decode(paths[1], 'srt', paths[0]).out)] == [['a'], ['b']]
    out = decode(paths[1], 'vtt', paths[0]).out
    assert out.count('NOTE ') == 2 and len(read_vtt(out)) == 2


def test_endpoints_cut_rows_and_change_no_word():
    words = run('--format', 'json', SAMPLE).json()['words']
    counts = []
    for silence, longest in ((0.8, 30), (0.3, 30), (30, 30), (0.8, 2), (30, 0.5)):
        options = ('--endpoint-silence', str(silence), '--endpoint-longest', str(longest), SAMPLE)
        rows = read_table(run('--format', 'csv', *options).out)
        check_rows(rows, SAMPLE, words, silence, longest)
        counts.append(len(rows))
        cues = read_srt(run('--format', 'srt', *options).out)
        assert ' '.join(' '.join(lines) for _, _, lines in cues) == ' '.join(
            word['word'] for word in words)
    assert counts[2] == 1 and counts[2] < counts[1] < counts[4], counts


def test_progress_says_what_is_left():
    result = run('--progress', '--format', 'vtt', *FAST, SAMPLE)
    assert '0:00 left' in result.err and result.out.startswith('WEBVTT\n\n00:00:0')


def test_formats_that_cannot_be_written():
    for form in ('csv', 'tsv', 'srt', 'vtt'):
        fails(*FAST, '--format', form, SAMPLE, '-o', '/dev/full', code=5, kind='I/O')
