"""How far one form of a model is from another on recordings: logits, texts, word error rates.

    compare_models.py PROGRAM MODEL OTHER FOLDER [OPTION...]

FOLDER has recordings and a transcripts.json of their texts, {NAME: {"transcript": TEXT}}. OPTIONs
go to `dsinfer eval`, for a language model. A model may have a precision behind it: FILE@int8, for
what `--precision int8` costs. What `dsinfer convert --quantize int8` costs:

    dsinfer convert model/english/output_graph.pb --quantize int8 --output_dir /tmp
    tests/bench/compare_models.py build/bin/dsinfer model/english/output_graph.pb \
        /tmp/output_graph.xml ../shared/audio

SPDX-License-Identifier: BSD-2-Clause
"""
import csv
import json
import os
import subprocess
import sys
import tempfile

import numpy

N_STEPS, N_CONTEXT, N_FEATURES = 16, 9, 26


def call(*arguments):
    return subprocess.run(arguments, stdout=subprocess.PIPE, check=True).stdout.decode('utf-8')


def split_model(text):
    """[FILE, option...] of FILE or FILE@PRECISION"""
    path, _, precision = text.partition('@')
    return [path] + (['--precision', precision] if precision else [])


def make_windows(frames):
    """[calls,1,16,19,26]: each frame with its past and future, zeros around all of them."""
    n_calls = -(-len(frames) // N_STEPS)
    padded = numpy.zeros((n_calls * N_STEPS + 2 * N_CONTEXT, N_FEATURES), 'f4')
    padded[N_CONTEXT:N_CONTEXT + len(frames)] = frames
    windows = [padded[i:i + 2 * N_CONTEXT + 1] for i in range(n_calls * N_STEPS)]
    return numpy.array(windows).reshape(n_calls, 1, N_STEPS, 2 * N_CONTEXT + 1, N_FEATURES)


def compute_logits(program, model, windows, n_frames, folder):
    paths = [os.path.join(folder, name) for name in ('windows.npy', 'logits.npy')]
    numpy.save(paths[0], windows)
    call(program, 'run', *split_model(model), '--input', 'windows=' + paths[0],
         '--output', 'logits=' + paths[1])
    logits = numpy.load(paths[1])
    return logits.reshape(-1, logits.shape[-1])[:n_frames]


def evaluate(program, model, manifest, options):
    """(word error rate, character error rate, texts)"""
    options = ['--model'] + split_model(model) + options
    result = json.loads(call(program, 'eval', manifest, '--json', *options))
    with open(manifest, encoding='utf-8', newline='') as file:
        names = [row['wav_filename'] for row in csv.DictReader(file)]
    return result['wer'], result['cer'], [call(program, 'transcribe', name, *options).strip()
                                          for name in names]


def count_edits(a, b):
    """Fewest insertions, deletions and replacements that make one list of the other."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        above, row = row, [i + 1]
        for j, y in enumerate(b):
            row.append(min(above[j] + (x != y), above[j + 1] + 1, row[j] + 1))
    return row[-1]


def main():
    if len(sys.argv) < 5:
        print(__doc__, file=sys.stderr)
        return 2
    program, model, other, audio, *options = sys.argv[1:]
    with open(os.path.join(audio, 'transcripts.json'), encoding='utf-8') as file:
        transcripts = json.load(file)
    differences, n_frames, n_changed = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        manifest = os.path.join(folder, 'manifest.csv')
        with open(manifest, 'w', encoding='utf-8', newline='') as file:
            rows = csv.writer(file)
            rows.writerow(['wav_filename', 'transcript'])
            for name in sorted(transcripts):
                rows.writerow([os.path.abspath(os.path.join(audio, name)),
                               transcripts[name]['transcript']])
        for name in sorted(transcripts):
            path = os.path.join(folder, 'features.npy')
            call(program, 'features', os.path.join(audio, name), '-o', path)
            frames = numpy.load(path)
            logits = [compute_logits(program, each, make_windows(frames), len(frames), folder)
                      for each in (model, other)]
            differences.append(numpy.abs(logits[0] - logits[1]).ravel())
            n_frames += len(frames)
            n_changed += int((logits[0].argmax(1) != logits[1].argmax(1)).sum())
        results = [evaluate(program, each, manifest, options) for each in (model, other)]
    differences = numpy.concatenate(differences)
    print('%d recordings, %d frames' % (len(transcripts), n_frames))
    print('logits differ by at most %.3f, on average %.4f' % (differences.max(),
                                                              differences.mean()))
    print('the likeliest label differs in %d frames' % n_changed)
    print('WER %.4f and %.4f, CER %.4f and %.4f' % (results[0][0], results[1][0],
                                                    results[0][1], results[1][1]))
    words = [[text.split() for text in result[2]] for result in results]
    n_words = sum(map(len, words[0]))
    print('%.2f %% of %d words stay' % (
        100.0 * (1.0 - sum(map(count_edits, *words)) / max(n_words, 1)), n_words))
    for a, b in zip(results[0][2], results[1][2]):
        print('%s %s%s' % ('=' if a == b else '<', a, '' if a == b else '\n> ' + b))
    return 0


if __name__ == '__main__':
    sys.exit(main())
