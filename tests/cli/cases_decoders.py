"""decode and transcribe with language models, against the texts of the genuine decoders.

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import os

from support import (
    BUNDLED, SAMPLE, fails, need_numpy, npy, read, run, shared, temporary, text_of, write)

# Every answer there is only recorded, or consists of ties.
NOT_ASKED = {'all-uniform', 'nan-row', 'inf-entry'}
MAX_BEAM = 100


def golden(*parts):
    return json.loads(read(shared('oracle', *parts)))


def decode_input(name, suffix):
    return shared('oracle', 'decode', 'inputs', '%s.%s.npy' % (name, suffix))


def options_of(config, lm):
    """The command line for a configuration of the goldens; `lm` names its language model."""
    options = ['--beam-width', str(config['beam'])]
    names = {'alpha': '--lm-alpha', 'lm_weight': '--lm-alpha', 'beta': '--lm-beta',
             'valid_word_count_weight': '--lm-beta', 'cutoff_prob': '--cutoff-prob',
             'cutoff_top_n': '--cutoff-top-n'}
    options += ['%s=%r' % (names[key], config[key]) for key in names if key in config]
    if config.get('hot_words'):
        options += ['--hot-word-compat', '--hot-words',
                    ','.join('%s:%r' % item for item in config['hot_words'].items())]
    return options + (lm if config['lm'] else [])


def is_tie(results):
    return len(results) > 1 and abs(results[0].get('score', 0) - results[1].get('score', 1)) < 1e-4


def compare(goldens, family, suffix, lm, has_scores=True, skip=NOT_ASKED):
    """Decodes the inputs with every configuration; the best result is the golden's."""
    cases = [case for case in goldens['cases'] if case['case'] not in skip]
    paths = [decode_input(case['case'], suffix) for case in cases]
    options = ['decode', '--family', family, '--format', 'jsonl']
    options += ['--probabilities'] if suffix == 'probs' else []
    n_compared = 0
    for i, config in enumerate(goldens['configs']):
        if config['beam'] > MAX_BEAM:
            continue
        lines = run(*options, *options_of(config, lm), *paths, timeout=200).lines()
        assert len(lines) == len(paths)
        for case, line in zip(cases, lines):
            wanted = case['results'][i]
            what = (family, case['case'], config, line['candidates'][:1])
            if not isinstance(wanted, list) or not wanted or wanted[0].get('unstable'):
                continue
            if is_tie(wanted) or abs(wanted[0].get('score', 0)) > 1e30:
                continue
            got = line['candidates'][0]
            assert got['text'] == wanted[0]['text'], (what, wanted[0])
            assert line['text'] == got['text'].strip(), what
            if has_scores:
                allowed = max(1e-3, 1e-4 * abs(wanted[0]['score']))
                assert abs(got['score'] - wanted[0]['score']) <= allowed, (what, wanted[0])
                assert line['confidence'] == got['score'], what
            n_compared += 1
    assert n_compared > len(cases), n_compared


def lm_of(*names):
    options = {'lm.binary': '--lm', 'words.scorer': '--scorer'}
    pairs = [(options.get(name, '--trie'), shared('oracle', 'decode', 'lm', name))
             for name in names]
    return [part for pair in pairs for part in pair]


def test_tensorflow_decoder_of_0_3():
    compare(golden('decode', 'tf-ds030.json'), 'ds03', 'logits', lm_of('lm.binary', 'trie-v2'))


def test_tensorflow_decoder_of_0_1():
    lm = ['--lm', shared('oracle', 'lm', 'o3-type0-probing.bin'),
          '--trie', shared('oracle', 'lm', 'dict', 'trie-v1')]
    compare(golden('decode', 'tf-ds011.json'), 'ds01', 'logits', lm, has_scores=False)


def test_prefix_decoders_of_0_4_to_0_6():
    for name, family, trie in (('prefix-ds041', 'ds04', 'trie-v3'),
                               ('prefix-ds051', 'ds05', 'trie-v3'),
                               ('prefix-ds061', 'ds06', 'trie-v5')):
        compare(golden('decode', name + '.json'), family, 'probs', lm_of('lm.binary', trie),
                has_scores=False)


def test_prefix_decoder_of_0_9():
    compare(golden('decode', 'prefix-ds093.json'), 'ds07', 'probs', lm_of('words.scorer'))


def test_bytes_output():
    goldens = golden('decode', 'bytes', 'bytes-ds093.json')
    folder = shared('oracle', 'decode', 'bytes', '')
    lm = ['--scorer', folder + 'bytes.scorer']
    paths = ['%s%s.probs.npy' % (folder, case['case']) for case in goldens['cases']]
    for i, config in enumerate(goldens['configs']):
        lines = run('decode', '--probabilities', '--bytes-output', '--format', 'jsonl',
                    *options_of(config, lm), *paths).lines()
        for case, line in zip(goldens['cases'], lines):
            wanted, got = case['results'][i][0], line['candidates'][0]
            what = (case['case'], config, got)
            assert bytes(label + 1 for label in got['labels']).hex() == wanted['bytes_hex'], what
            assert abs(got['score'] - wanted['score']) <= max(1e-3, 1e-4 * abs(wanted['score']))
            assert got['timesteps'] == wanted['timesteps'], what


def test_texts_of_0_3_with_its_language_model():
    texts = golden('e2e', 'bundled', 'texts.json')
    audio = [shared('audio', name + '.wav') for name in texts]
    wanted = [text['beam_500_lm_1.5_2.1'].strip() for text in texts.values()]
    lm = ['--lm', shared('model', 'lm.binary')]
    model = ['-m', shared('model', 'output_graph.pb')]
    # The dictionary computed from the model is that of the trie, and 1.5 and 2.1 are the defaults.
    for options in (lm, lm + ['--trie', shared('model', 'trie')],
                    lm + ['--lm_alpha', '1.5', '--lm_beta', '2.1', '--steps', '3']):
        lines = run('transcribe', *model, *options, *audio).out.splitlines()
        assert lines == wanted, options
    # The bundled model brings this language model, with weights of its own.
    options = ['--lm-alpha=1.5', '--lm-beta=2.1']
    assert run('transcribe', *options, *audio).out.splitlines() == wanted


def test_texts_of_0_1_with_its_language_model():
    texts = golden('e2e', 'ds011-h64-seed7', 'texts.json')
    names = [name for name in texts
             if 'beam_500_lm_1.75_1_1' not in texts[name].get('unstable', [])]
    lines = run('transcribe', '-m', shared('oracle', 'graphs', 'ds011-h64-s7', 'output_graph.pb'),
                '--lm', shared('oracle', 'lm', 'o3-type0-probing.bin'),
                '--trie', shared('oracle', 'lm', 'dict', 'trie-v1'),
                *[shared('audio', name + '.wav') for name in names]).out.splitlines()
    assert lines == [texts[name]['beam_500_lm_1.75_1_1'].strip() for name in names]


def test_candidates_of_0_9():
    goldens = golden('e2e', 'streaming', 'stream_093_h64_seed7.json')
    for name in ('174-50561-0002', '2902-9008-0015'):
        got = run('transcribe', '-m', shared('oracle', 'e2e', 'models', 'ds093-h64-seed7.pb'),
                  '--candidates', '3', '--format', 'json', shared('audio', name + '.wav')).json()
        assert got['text'] == goldens[name]['stt']
        for candidate, wanted in zip(got['candidates'], goldens[name]['metadata_3'], strict=True):
            assert candidate['text'] == ''.join(token[0] for token in wanted['tokens'])
            assert candidate['timesteps'] == [token[1] for token in wanted['tokens']]
            assert abs(candidate['score'] - wanted['confidence']) <= 1e-3


def test_texts_of_the_clients():
    """The samples are those that SoX makes of the files, as the clients have it."""
    np = need_numpy()
    goldens = golden('e2e', 'client', 'client_h64_seed7.json')
    for name in ('mono_8k', 'stereo_44k1'):
        samples = np.load(shared('oracle', 'e2e', 'client', 'sox_16k_%s.npy' % name))
        for release, model in (('0.3.0', 'ds030'), ('0.9.3', 'ds093')):
            model = shared('oracle', 'e2e', 'models', model + '-h64-seed7.pb')
            text = run('transcribe', '--no-vad', '-m', model, '--raw', '-',
                       stdin=samples.astype('<i2').tobytes()).out
            assert text == goldens[name + '.wav'][release]['stdout'], (name, release)


def test_a_narrow_beam_keeps_what_differs_for_a_minute():
    """The answer is that of ds_ctcdecoder 0.9.3."""
    np = need_numpy()
    names = ('174-50561-0016', '174-168635-0014', '2902-9008-0000', '1673-143397-0016',
             '1673-143397-0001')
    rows = np.concatenate([np.load(decode_input('speech-' + name, 'logits')) for name in names])
    sure = npy('sure.npy', rows[:2500] * np.float32(4))
    result = run('decode', '--family', 'ds07', '--beam-width', '50', '--format', 'json',
                 sure).json()
    assert abs(result['confidence'] + 116.025116) < 1e-2, result['confidence']
    assert result['text'].startswith('whun or the saner plase on eleis das be')
    assert result['text'].endswith('bles enos woth ot eny reo maryes the paerrt')


def test_partial_texts_change_nothing():
    for options in (['--decoder', 'tensorflow'], ['--decoder', 'prefix'],
                    ['--decoder', 'prefix', '--hot-words', 'sensation:-5', '--steps', '1']):
        options = ['transcribe', '--format', 'jsonl', *options]
        alone = run(*options, SAMPLE).lines()
        with_partials = run(*options, '--partials', SAMPLE).lines()
        piped = run(*options, '--partials', '-', stdin=read(SAMPLE)).lines()
        assert len(alone) == 1 and alone[0]['type'] == 'final'
        assert len(with_partials) > 5
        assert all(line['type'] == 'partial' for line in with_partials[:-1])
        assert with_partials[-1] == alone[0]
        assert piped[-1] == dict(alone[0], file='-')


def test_words_lie_in_the_order_of_the_text():
    for options in ([], ['--decoder', 'prefix'], ['--no-lm'], ['--decoder', 'greedy']):
        result = run('--format', 'json', *options, SAMPLE).json()
        words = result['words']
        assert [word['word'] for word in words] == result['text'].split()
        assert words[0]['start'] > 0 and words[-1]['end'] < 6.6
        for word, following in zip(words, words[1:] + [{'start': 6.6}]):
            assert word['start'] < word['end'] <= following['start'] + 1e-9, options
        assert all(0 < word['confidence'] <= 1 for word in words)
        best = result['candidates'][0]
        assert result['confidence'] == best['score'] and best['text'].strip() == result['text']
        assert len(best['labels']) == len(best['timesteps']) == len(best['text'])


def test_candidates_come_best_first():
    for decoder in ('tensorflow', 'prefix'):
        result = run('--format', 'json', '--decoder', decoder, '--candidates', '5', SAMPLE).json()
        scores = [candidate['score'] for candidate in result['candidates']]
        assert len(scores) == 5 and scores == sorted(scores, reverse=True)
        assert len({candidate['text'] for candidate in result['candidates']}) == 5


def test_weights_are_taken():
    # No weight, no word: what the search says is then nearly that without a language model.
    texts = {text_of('--lm-alpha', alpha, '--lm-beta', beta, SAMPLE)
             for alpha, beta in (('1.3', '1.5'), ('4', '-2'), ('0', '8'))}
    assert len(texts) == 3
    assert text_of(SAMPLE) in texts
    assert text_of('--no-lm', SAMPLE) not in texts
    assert text_of('--no-lm', '--lm-alpha', '4', SAMPLE) == text_of('--no-lm', SAMPLE)


def test_a_named_model_has_no_language_model():
    named = ['-m', os.path.join(BUNDLED, 'output_graph.pb')]
    lm = ['--lm', os.path.join(BUNDLED, 'lm.binary')]
    assert text_of(*named, SAMPLE) == text_of('--no-lm', SAMPLE)
    assert text_of(*named, *lm, '--lm-alpha=1.3', '--lm-beta=1.5', SAMPLE) == text_of(SAMPLE)
    assert text_of(*named, *lm, '--no-lm', SAMPLE) == text_of('--no-lm', SAMPLE)


def test_any_packaging_works_with_either_decoder():
    package = temporary('english.scorer')
    lm = os.path.join(BUNDLED, 'lm.binary')
    words = write('words.txt', b'she felt that which had never before a sensation of expansion')
    run('scorer', '--lm', lm, '--vocab', words, '-o', package)
    for decoder in ('tensorflow', 'prefix'):
        text = text_of('--decoder', decoder, '--scorer', package, SAMPLE)
        assert len(set(text.split()) & set(read(words).decode().split())) >= 6, (decoder, text)


def test_hot_words_make_words_likelier():
    options = ['--decoder', 'prefix']
    assert 'expansion' not in text_of(*options, SAMPLE)
    assert text_of(*options, '--hot-words', 'expansion:9,fog:1', SAMPLE).endswith('of expansion')
    without = text_of(*options, '--hot-words', 'sensation:-20', SAMPLE)
    assert ' sensation ' in text_of(*options, SAMPLE) and ' sensation ' not in without
    # The last word is not boosted in compatible mode.
    text = text_of(*options, '--hot-words', 'expansion:9', '--hot-word-compat', SAMPLE)
    assert not text.endswith('expansion')


def test_hot_words_that_no_dictionary_has_are_named():
    options = ['--decoder', 'prefix', SAMPLE]
    result = run(*options, '--hot-words', 'expansion:0,Expansion:9,new york:2')
    assert result.out == run(*options).out
    assert result.err.splitlines() == [
        "dsinfer: --hot-words: '%s' is not in the dictionary: it cannot be heard" % word
        for word in ('Expansion', 'new york')]


def test_mistakes_in_the_options_are_named():
    lm = os.path.join(BUNDLED, 'lm.binary')
    for options, name, says in (
            (['--hot-words', 'a'], '--hot-words', "'a'"),
            (['--hot-words', 'a:1,'], '--hot-words', "''"),
            (['--hot-words', ':1'], '--hot-words', "':1'"),
            (['--hot-words', 'a:x'], '--hot-words', "'a:x'"),
            (['--hot-words', 'a:1e8'], '--hot-words', "'a:1e8'"),
            (['--hot-words', 'a:1', '--decoder', 'tensorflow'], '--hot-words', 'prefix'),
            (['--hot-words', 'a:1', '--decoder', 'prefix', '--no-lm'], '--hot-words', 'language'),
            (['--hot-words', 'a:1,a:2', '--decoder', 'prefix'], '--hot-words', 'twice'),
            (['--hot-words', 'a:1'], '--hot-words', 'tensorflow'),
            (['--lm-alpha', '2e6'], '--lm-alpha', '1e+06'),
            (['--lm-beta', 'much'], '--lm-beta', "'much'"),
            (['--cutoff-prob', '1.1'], '--cutoff-prob', '1.1'),
            (['--cutoff-top-n', '0'], '--cutoff-top-n', "'0'"),
            (['--decoder', 'best'], '--decoder', 'prefix'),
            (['--trie', lm], '--trie', '--lm'),
            (['--scorer', lm, '--lm', lm], '--scorer', '--lm'),
            (['--decoder', 'greedy', '--lm', lm], '--lm', 'greedy')):
        fails('transcribe', *options, SAMPLE, code=2, name=name, kind='usage', says=says)
    rows = npy('rows.npy', need_numpy().zeros((3, 29), 'f4'))
    fails('decode', '--hot-words', 'a:1', rows, code=2, name='--hot-words', says='--lm')
    fails('decode', '--bytes-output', '--alphabet', lm, rows, code=2, name='--bytes-output')


def test_files_that_are_no_language_models_are_refused():
    damaged = shared('oracle', 'lm', 'damaged')
    lm = os.path.join(BUNDLED, 'lm.binary')
    rows = npy('rows.npy', need_numpy().zeros((3, 29), 'f4'))
    for name in os.listdir(damaged):
        path = os.path.join(damaged, name)
        fails('decode', '--lm', path, rows, code=3, name=path)
    missing = temporary('missing.lm')
    for command, audio in (('transcribe', SAMPLE), ('bench', SAMPLE), ('decode', rows)):
        for options in (['--lm', missing], ['--scorer', missing], ['--lm', lm, '--trie', missing]):
            fails(command, *options, audio, code=3, name=missing, kind='I/O')
        cut = write('cut.scorer', read(shared('oracle', 'decode', 'lm', 'words.scorer'))[:-1000])
        fails(command, '--scorer', cut, audio, code=3, name=cut, kind='malformed file')


def test_scorers_for_another_alphabet_are_refused():
    np = need_numpy()
    rows = npy('rows.npy', np.zeros((3, 29), 'f4'))
    wide = npy('wide.npy', np.zeros((3, 256), 'f4'))
    letters = 'abcdefghijklmnopqrstuvwxyz\''
    rotated = write('rotated.txt', '\n'.join(letters + ' ').encode() + b'\n')
    greek = write('greek.txt', '\n'.join(map(chr, [32, *range(0x391, 0x3ac)])).encode() + b'\n')
    words, of_bytes = (shared('oracle', 'decode', *path)
                       for path in (('lm', 'words.scorer'), ('bytes', 'bytes.scorer')))
    lm, trie = (shared('oracle', 'decode', 'lm', name) for name in ('lm.binary', 'trie-v3'))
    for options, name, says in (
            (['--scorer', of_bytes, rows], of_bytes, '255'),
            (['--scorer', words, '--bytes-output', wide], words, '255'),
            (['--scorer', words, '--alphabet', rotated, rows], words, 'space is label 27'),
            (['--lm', lm, '--trie', trie, '--alphabet', rotated, rows], trie, 'space is label 27'),
            (['--lm', lm, '--alphabet', greek, rows], lm, 'none of its words')):
        fails('decode', *options, code=3, name=name, kind='unsupported', says=says)
    model = ['-m', shared('oracle', 'e2e', 'models', 'ds093-h64-seed7.pb')]
    fails('transcribe', *model, '--scorer', of_bytes, SAMPLE, code=3, name=of_bytes, says='255')
    # A language model goes by the words: the order of the letters does not matter.
    run('decode', '--lm', lm, '--alphabet', rotated, rows)


def test_inspect_names_what_will_be_chosen():
    for path, decoder, alpha in (
            (os.path.join(BUNDLED, 'output_graph.pb'), 'tensorflow', 1.5),
            (shared('oracle', 'graphs', 'ds011-h64-s7', 'output_graph.pb'), 'tensorflow', 1.75),
            (shared('oracle', 'e2e', 'models', 'ds093-h64-seed7.pb'), 'prefix', None)):
        facts = run('inspect', '--json', path).json()
        assert (facts['decoder'], facts['alpha'], facts['beam_width']) == (decoder, alpha, 500)
        assert {'family', 'alphabet', 'sample_rate', 'window', 'beta'} <= set(facts)
        text = run('inspect', path).out
        assert decoder in text and 'beam of 500' in text


def test_bench_finds_the_letters_inside_a_model():
    model = shared('oracle', 'e2e', 'models', 'ds093-h64-seed7.pb')
    scorer = shared('oracle', 'decode', 'lm', 'words.scorer')
    facts = run('bench', '--json', '-m', model, '--scorer', scorer, SAMPLE).json()
    assert facts['decoder_ms']['mean'] > 0 and facts['language_model'] == scorer
