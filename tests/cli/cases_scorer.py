"""scorer, and inspect of language models, dictionaries and scorers.

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import os

from support import fails, read, run, shared, temporary, write

DICT = ('oracle', 'lm', 'dict')
MODES = {'bos_eos': [], 'plain': ['--no-bos', '--no-eos'], 'bos': ['--no-eos'],
         'eos': ['--no-bos']}


def oracle(name):
    with open(shared('oracle', 'lm', name), encoding='utf-8') as file:
        return json.load(file)


def lines(name, texts):
    return write(name, ''.join(text + '\n' for text in texts).encode())


def check_scores(file, expected, mode):
    """`expected`: (sentence, golden) of every sentence that has one in this mode."""
    path = lines('sentences.txt', [sentence for sentence, _ in expected])
    results = run('scorer', '--lm', shared('oracle', 'lm', file), '--score', path,
                  *MODES[mode]).lines()
    assert len(results) == len(expected)
    for (sentence, golden), result in zip(expected, results):
        words = sentence.split() + (['</s>'] if mode in ('bos_eos', 'eos') else [])
        assert [word['word'] for word in result['words']] == words
        for word, (log10, ngram, oov) in zip(result['words'], golden['words']):
            assert abs(word['log10'] - log10) <= 1e-6 * abs(log10), (file, sentence, word)
            assert (word['ngram'], word['oov']) == (ngram, oov), (file, sentence, word)
        assert abs(result['total'] - golden['total']) <= 1e-5 * max(1, abs(golden['total']))


def test_sentences_score_as_kenlm_scores_them():
    scores = oracle('scores.json')
    n_checked = 0
    for file, goldens in scores['files'].items():
        for mode in MODES:
            expected = [(scores['sentences'][golden['s']], golden[mode]) for golden in goldens
                        if mode in golden]
            if expected:
                check_scores(file, expected, mode)
                n_checked += len(expected)
    assert n_checked > 5000


def test_arpa_text_scores_like_the_binary():
    scores = oracle('scores.json')
    for file, like in (('o3.arpa', 'o3-type0-probing.bin'), ('o3holes.arpa', 'o3-holes-type0.bin'),
                       ('o3nounk.arpa', 'o3-nounk-type0.bin'), ('o4p.arpa', 'o4-pruned-type0.bin')):
        goldens = scores['files'][like]
        check_scores(file, [(scores['sentences'][golden['s']], golden['bos_eos'])
                            for golden in goldens], 'bos_eos')


def test_line_ends_and_blanks_do_not_matter():
    model = shared(*DICT, 'lm.binary')
    texts = (b'he had made\n\nthe end\n', b'he had made\r\n\r\nthe end\r\n',
             b'  he\thad   made \n \t\nthe end')
    results = [run('scorer', '--lm', model, '--score', write('s.txt', text)).out for text in texts]
    assert len(results[0].splitlines()) == 3 and len(set(results)) == 1
    assert run('scorer', '--lm', model, '--score', '-', stdin=texts[0]).out == results[0]
    assert run('scorer', '--lm', model, '--score', write('s.txt', b'')).out == ''
    path = temporary('objects.jsonl')
    run('scorer', '--lm', model, '--score', write('s.txt', texts[0]), '-o', path)
    assert read(path).decode() == results[0]


def check_words(*arguments):
    members = oracle(os.path.join('dict', 'membership.json'))
    words, prefixes = members['words'], members['prefixes_not_words']
    with open(shared(*DICT, 'vocab.txt'), encoding='utf-8') as file:
        words = words + file.read().split()
    texts = words + prefixes + members['not_words'] + members['not_prefixes']
    results = run('scorer', *arguments, '--lookup', lines('words.txt', texts)).lines()
    assert [result['text'] for result in results] == texts
    for result in results:
        assert result['prefix'] or not result['word'], result
    found = {result['text']: result for result in results}
    assert all(found[text]['word'] and found[text]['prefix'] for text in words)
    assert all(found[text]['prefix'] and not found[text]['word'] for text in prefixes)
    assert not any(found[text]['word'] for text in members['not_words'])
    assert not any(found[text]['prefix'] for text in members['not_prefixes'])


def test_dictionaries_of_every_release_know_the_same_words():
    alphabet = ['--alphabet', shared('model', 'alphabet.txt')]
    for trie in ('trie-v1', 'trie-v2', 'trie-v3', 'trie-v5'):
        check_words('--trie', shared(*DICT, trie), *alphabet)
    for scorer in ('words.scorer', 'words-probing.scorer'):
        check_words('--scorer', shared(*DICT, scorer), *alphabet)
    check_words('--lm', shared(*DICT, 'lm.binary'))
    check_words('--lm', shared(*DICT, 'lm.binary'), '--trie', shared(*DICT, 'trie-v2'))


def test_a_package_is_built_like_upstreams():
    path = temporary('built.scorer')
    run('scorer', '--lm', shared(*DICT, 'lm.binary'), '--vocab', shared(*DICT, 'vocab.txt'),
        '--alphabet', shared('model', 'alphabet.txt'), '--lm-alpha=0.93', '--lm-beta', '1.18',
        '-o', path)
    built, genuine = read(path), read(shared(*DICT, 'words.scorer'))
    assert len(built) == len(genuine)
    assert built[:59459 + 25 + 33] == genuine[:59459 + 25 + 33]
    facts = [run('inspect', '--json', name).json()
             for name in (path, shared(*DICT, 'words.scorer'))]
    assert {**facts[0], 'file': ''} == {**facts[1], 'file': ''}
    check_words('--scorer', path)


def test_a_package_for_bytes_is_built():
    bytes_folder = ('oracle', 'decode', 'bytes')
    path = temporary('bytes.scorer')
    run('scorer', '--lm', shared(*bytes_folder, 'bytes.scorer'),
        '--vocab', shared(*bytes_folder, 'vocab.txt'), '--bytes-output', '-o', path)
    assert len(read(path)) == len(read(shared(*bytes_folder, 'bytes.scorer')))
    assert run('inspect', '--json', path).json()['bytes_output'] is True
    fails('scorer', '--scorer', path, '--alphabet', shared('model', 'alphabet.txt'), '--lookup',
          write('w.txt', b'a\n'), code=3, name=path, kind='unsupported', says='28 labels')


def test_a_byte_order_mark_is_no_part_of_the_first_word():
    lm = shared(*DICT, 'lm.binary')
    plain = write('plain.txt', b'the\nthe\n')
    marked = write('marked.txt', b'\xef\xbb\xbfthe\r\nthe\r\n')
    for option in ('--score', '--lookup'):
        assert run('scorer', '--lm', lm, option, marked).out == \
            run('scorer', '--lm', lm, option, plain).out
    package = temporary('marked.scorer')
    assert run('scorer', '--lm', lm, '--vocab', marked, '-o', package).err == ''
    found = run('scorer', '--scorer', package, '--lookup', plain).lines()
    assert [line['word'] for line in found] == [True, True]


def test_a_vocabulary_without_words_is_refused():
    for content in (b'', b'\n \n', b'\xef\xbb\xbf'):
        vocabulary = write('empty.txt', content)
        fails('scorer', '--lm', shared(*DICT, 'lm.binary'), '--vocab', vocabulary, '-o',
              temporary('none.scorer'), code=3, name=vocabulary, kind='malformed file',
              says='no word')


def test_words_that_cannot_be_spelled_are_left_out_with_a_note():
    vocabulary = write('odd.txt', 'made MADE the grüße <s>\nend'.encode())
    path = temporary('odd.scorer')
    result = run('scorer', '--lm', shared(*DICT, 'lm.binary'), '--vocab', vocabulary, '-o', path)
    assert result.err == ('dsinfer: %s: 3 words are left out, as the alphabet cannot spell them; '
                          '3 are in the package\n' % vocabulary)
    texts = ['made', 'the', 'end', 'MADE', 'grüße', 'th']
    found = run('scorer', '--scorer', path, '--lookup', lines('w.txt', texts)).lines()
    assert [result['word'] for result in found] == [True] * 3 + [False] * 3


def test_a_package_that_fails_leaves_nothing_behind():
    path = temporary('precious.scorer')
    write('precious.scorer', b'precious')
    lm, vocabulary = shared(*DICT, 'lm.binary'), shared(*DICT, 'vocab.txt')
    before = sorted(os.listdir(os.path.dirname(path)))
    fails('scorer', '--lm', shared('oracle', 'lm', 'damaged', 'short-search.bin'), '--vocab',
          vocabulary, '-o', path, code=3)
    fails('scorer', '--lm', lm, '--vocab', temporary('none.txt'), '-o', path, code=3,
          name=temporary('none.txt'), kind='I/O')
    fails('scorer', '--lm', shared('oracle', 'lm', 'o3.arpa'), '--vocab', vocabulary, '-o', path,
          code=3, kind='unsupported')
    fails('scorer', '--lm', lm, '--vocab', vocabulary, '-o', temporary('no/folder/x'), code=5,
          name=temporary('no/folder/x'), kind='I/O')
    fails('scorer', '--lm', lm, '--vocab', vocabulary, '-o', '/dev/full', code=5, name='/dev/full',
          kind='I/O')
    assert read(path) == b'precious'
    assert sorted(os.listdir(os.path.dirname(path))) == before


def test_damaged_models_are_refused_by_name():
    folder = shared('oracle', 'lm', 'damaged')
    sentences = write('s.txt', b'a\n')
    names = sorted(os.listdir(folder))
    assert len(names) == 21
    for name in names:
        path = os.path.join(folder, name)
        fails('scorer', '--lm', path, '--score', sentences, code=3, name=path,
              kind='malformed file')
        fails('inspect', path, code=3, name=path, kind='malformed file')


def test_the_file_at_fault_is_named():
    lm, words = shared(*DICT, 'lm.binary'), write('w.txt', b'a\n')
    alphabet = write('short.txt', b' \na\nb\n')
    fails('scorer', '--lm', lm, '--trie', words, '--lookup', words, code=3, name=words)
    fails('scorer', '--lm', lm, '--trie', shared(*DICT, 'trie-v5'), '--alphabet', alphabet,
          '--lookup', words, code=3, name=shared(*DICT, 'trie-v5'), kind='unsupported',
          says='at least 28 labels, but this one has 3, and its space is label 0')
    fails('scorer', '--trie', shared(*DICT, 'trie-v2'), '--alphabet', temporary('none'),
          '--lookup', words, code=3, name=temporary('none'), kind='I/O')
    fails('scorer', '--lm', lm, '--score', temporary('none'), code=4, name=temporary('none'),
          kind='I/O')
    fails('scorer', '--lm', shared('oracle', 'lm', 'o2-type2-novocab.bin'), '--lookup', words,
          code=3, kind='unsupported', says='dictionary is needed')


def test_mistakes_in_options():
    words = write('w.txt', b'a\n')
    for arguments, name in (
            ([], 'scorer'), (['--score', words], '--score'), (['--lookup', words], '--lookup'),
            (['--lm', 'x', '--score', words, '--lookup', words], 'scorer'),
            (['--scorer', 'x', '--lm', 'y', '--score', words], '--scorer'),
            (['--trie', 'x', '--score', words], '--score'),
            (['--vocab', words, '-o', 'x'], '--vocab'),
            (['--lm', 'x', '--vocab', words], '--output'),
            (['--lm', 'x', '--vocab', words, '-o', words], words),
            (['--lm', 'x', '--score', words, '-o', words], words),
            (['--lm', 'x', '--score', words, 'more'], 'more'),
            (['--lm', 'x', '--lookup', words, '--alphabet', 'y', '--bytes-output'],
             '--bytes-output')):
        fails('scorer', *arguments, code=2, name=name, kind='usage')
    for value in ('abc', '1x', 'nan', 'inf', '0x10', '1e99', '-', '1,5', ' 1', '1e'):
        fails('scorer', '--lm', 'x', '--vocab', words, '-o', 'y', '--lm-alpha=' + value, code=2,
              name='--lm-alpha', kind='usage')


def test_inspect_tells_what_a_language_model_is():
    types = ('probing', 'rest probing', 'trie', 'quantised trie', 'array trie',
             'quantised array trie')
    for entry in oracle('index.json')['files']:
        facts = run('inspect', '--json', shared('oracle', 'lm', entry['file'])).json()
        assert facts['kind'] == 'language model' and facts['format'] == 'kenlm'
        assert facts['order'] == entry['order'] == len(facts['counts'])
        assert facts['type'] == types[entry['model_type']]
        assert facts['has_words'] == entry['has_vocabulary']
    facts = run('inspect', '--json', shared('oracle', 'lm', 'o3.arpa')).json()
    assert (facts['kind'], facts['format'], facts['type']) == ('language model', 'arpa', 'arpa')
    assert facts['counts'] == [1443, 3252, 3501]
    assert 'order 3' in run('inspect', shared('oracle', 'lm', 'o3.arpa')).out


def test_inspect_tells_what_dictionaries_and_scorers_are():
    for version in (1, 2, 3, 5):
        facts = run('inspect', '--json', shared(*DICT, 'trie-v%d' % version)).json()
        assert facts['kind'] == 'dictionary' and facts['format'] == 'trie version %d' % version
        assert facts['n_states'] == (5276 if version < 3 else 1794)
    facts = run('inspect', '--json', shared(*DICT, 'words.scorer')).json()
    assert facts['kind'] == facts['format'] == 'scorer' and facts['order'] == 3
    assert abs(facts['alpha'] - 0.93) < 1e-6 and abs(facts['beta'] - 1.18) < 1e-6
    assert 'alpha 0.93' in run('inspect', shared(*DICT, 'words.scorer')).out
