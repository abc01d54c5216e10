"""More recordings of the same speech: each at other offsets and levels, with faint noise.

    vary_recordings.py FOLDER OUT

FOLDER has recordings (WAV, 16 bit, one channel) and a transcripts.json, as for compare_models.py;
OUT gets 16 of each and a transcripts.json of theirs. A frame begins every 320 samples, so 8 offsets
within that give the network frames it has not seen. The same input gives the same output.

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import os
import sys
import wave

import numpy

OFFSETS = range(0, 320, 40)  # samples
GAINS = (0.5, 1.0)
NOISE = 5.0  # standard deviation, in steps of 16 bits


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    folder, out = sys.argv[1:]
    with open(os.path.join(folder, 'transcripts.json'), encoding='utf-8') as file:
        transcripts = json.load(file)
    random = numpy.random.RandomState(1)
    varied = {}
    os.makedirs(out, exist_ok=True)
    for name in sorted(transcripts):
        with wave.open(os.path.join(folder, name)) as file:
            params = file.getparams()
            samples = numpy.frombuffer(file.readframes(params.nframes), '<i2').astype('f8')
        for offset in OFFSETS:
            for gain in GAINS:
                shifted = gain * numpy.concatenate([numpy.zeros(offset), samples])
                shifted += random.normal(0.0, NOISE, len(shifted))
                new = '%s-%d-%g.wav' % (name[:-4], offset, gain)
                varied[new] = transcripts[name]
                with wave.open(os.path.join(out, new), 'wb') as file:
                    file.setparams(params)
                    file.writeframes(numpy.clip(numpy.round(shifted), -32768, 32767)
                                     .astype('<i2').tobytes())
    with open(os.path.join(out, 'transcripts.json'), 'w', encoding='utf-8') as file:
        json.dump(varied, file, indent=1)
    print('%d recordings' % len(varied))
    return 0


if __name__ == '__main__':
    sys.exit(main())
