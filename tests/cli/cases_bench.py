"""bench: the keys it promises, and numbers that can be true.

SPDX-License-Identifier: BSD-2-Clause
"""
from support import SAMPLE, fails, run, wav, write


def test_json_has_every_key():
    result = run('bench', '--json', timeout=120).json()
    assert result['language_model'].endswith('lm.binary') and result['beam_width'] == 500
    assert result['family'] == 'ds03' and result['n_cell'] == 384
    assert (result['precision'], result['threads'], result['streams'], result['steps']) == \
        ('fp32', 1, 1, 16)
    assert result['model'] and result['kernels'] and result['paced'] is False
    assert not {'busy', 'one_by_one_s', 'batch_gain'} & set(result)
    assert 6.5 < result['audio_s'] < 6.7
    assert 0 < result['wall_s'] and abs(result['rtf'] - result['wall_s'] / result['audio_s']) < 1e-6
    assert 0 < result['load_s'] < 30 and 5 < result['peak_rss_mb'] < 2000
    for key in ('chunk_ms', 'latency_ms', 'finish_ms'):
        assert 0 < result[key]['p50'] <= result[key]['p99'], key
    assert 0 < result['chunk_ms']['mean'] <= result['chunk_ms']['p99']
    assert 0 < result['decoder_ms']['mean']
    roof = result['roof']
    assert set(roof) >= {'read_gb_s', 'fma_gflop_s', 'bytes_gb_s', 'gflop_s'}
    assert all(value > 0 for value in roof.values())
    assert abs(roof['bytes_part'] - roof['bytes_gb_s'] / roof['read_gb_s']) < 1e-6
    assert abs(roof['flops_part'] - roof['gflop_s'] / roof['fma_gflop_s']) < 1e-6
    latency, histogram = result['latency_ms'], result['latency_ms']['histogram']
    assert histogram['from'] <= latency['p50'] <= latency['p99'] <= histogram['to']
    assert sum(histogram['counts']) >= 60 and all(n >= 0 for n in histogram['counts'])


def test_text_says_the_same():
    text = run('bench', '--steps', '4', '--decoder', 'greedy', SAMPLE, timeout=120).out
    assert 'real-time factor' in text and '4 frames' in text and 'GFLOP/s' in text


def test_streams_are_paced_and_batched():
    result = run('bench', '--json', '--streams', '16', '--decoder', 'greedy', timeout=180).json()
    assert result['streams'] == 16 and result['paced'] is True
    assert abs(result['audio_s'] - 16 * 6.57) < 1e-6
    assert abs(result['rtf'] - result['wall_s'] / result['audio_s']) < 1e-6
    assert abs(result['batch_gain'] - result['one_by_one_s'] / result['wall_s']) < 1e-6
    assert 0 < result['busy'] <= 1
    for key in ('latency_ms', 'finish_ms'):
        assert 0 < result[key]['p50'] <= result[key]['p99'], key
    # What the keys of one stream mean is the same.
    assert 0 < result['chunk_ms']['p50'] and 0 < result['decoder_ms']['mean']


def test_what_is_not_there_yet_is_refused():
    fails('bench', '--threads', '65', code=2, name='--threads')
    fails('bench', '--precision', 'int4', code=2, name='--precision')
    path = write('none.wav', wav(b''))
    fails('bench', path, code=4, name=path, kind='audio')
