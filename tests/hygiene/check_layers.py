"""Every #include of the tree is one that layers.txt allows.

Includes of our own files are written from the root, public headers as <dsinfer/NAME.h>.

SPDX-License-Identifier: BSD-2-Clause
"""
import fnmatch
import os
import re
import sys

import source_tree

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)
HERE = os.path.dirname(os.path.abspath(__file__))


class Layers:
    def __init__(self, table):
        self.folders = {}   # folder: set of folders it may include, itself included
        self.headers = []   # (pattern of the name, patterns of the places, once)
        self.users = {}     # pattern of a "once" header: files that include it
        for line in table.split("\n"):
            line = line.split("#")[0].strip()
            if not line:
                continue
            left, right = line.split(":")
            names = left.split()
            if names[0] == "header":
                places = right.split()
                once = places[-1] == "once"
                self.headers += [(name, places[:-1] if once else places, once)
                                 for name in names[1:]]
            else:
                allowed = {left}
                for folder in right.split():
                    allowed |= self.folders[folder]
                self.folders[left] = allowed

    def folder_of(self, path):
        matching = [f for f in self.folders if path.startswith(f + "/")]
        return max(matching, key=len) if matching else None

    def check_ours(self, path, name):
        mine, other = self.folder_of(path), self.folder_of(name)
        if other is None:
            return f'"{name}" is in no folder of layers.txt; includes are written from the root'
        if other == "runtime/include":
            return f'"{name}" is public: write <dsinfer/{os.path.basename(name)}>'
        if other not in self.folders[mine]:
            return f'{mine} may not include "{name}"'
        if name.endswith(".c"):
            return f'"{name}" is no header'
        return self.check_outside(path, name) if name.endswith(".pb-c.h") else None

    def check_outside(self, path, name):
        found = [h for h in self.headers if fnmatch.fnmatchcase(name, h[0])]
        if not found:
            return f"<{name}> is not listed in layers.txt"
        pattern, places, once = found[0]
        if not any(fnmatch.fnmatchcase(path, place) for place in places):
            return f"<{name}> is for {', '.join(places)} only"
        if once:
            users = self.users.setdefault(tuple(places), set())
            users.add(path)
            if len(users) > 1:
                return f"<{name}> is for one file only, and {min(users - {path})} has it"
        return None

    def check(self, path, text):
        if self.folder_of(path) is None:
            return [(1, "is in no folder of layers.txt")]
        complaints = []
        text = source_tree.strip_c(text, keep_strings=True)
        for match in INCLUDE.finditer(text):
            quote, name = match.groups()
            if quote == '"':
                sentence = self.check_ours(path, name)
            elif name.startswith("dsinfer/"):
                sentence = None
            else:
                sentence = self.check_outside(path, name)
            if sentence:
                complaints.append((text.count("\n", 0, match.start()) + 1, sentence))
        return complaints


BAD = [
    ("a layer above", "runtime/base/a.c", '#include "runtime/tensor/shape.h"\n'),
    ("a layer beside", "runtime/kernels/a.c", '#include "runtime/graph/graph.h"\n'),
    ("model from frontend", "frontend/a.c", '#include "model/model.h"\n'),
    ("internal header in bin", "bin/a.c", '#include "runtime/base/alloc.h"\n'),
    ("state from model", "model/lm/a.c", '#include "state/lstm/lstm_state.h"\n'),
    ("include not from the root", "model/a.c", '#include "model.h"\n'),
    ("public header in quotes", "model/a.c", '#include "runtime/include/dsinfer/model.h"\n'),
    ("a source file", "model/a.c", '#include "model/b.c"\n'),
    ("BLAS elsewhere", "runtime/kernels/ref/a.c", "#include <cblas.h>\n"),
    ("protobuf elsewhere", "model/a.c", "#include <protobuf-c/protobuf-c.h>\n"),
    ("generated header elsewhere", "model/a.c", '#include "model/graphdef/graph.pb-c.h"\n'),
    ("audio files in the library", "state/a.c", "#include <sndfile.h>\n"),
    ("threads in the library", "runtime/exec/a.c", "#include <pthread.h>\n"),
    ("unknown header", "bin/a.c", "#  include <gtk.h>\n"),
    ("unknown folder", "extras/a.c", ""),
]
GOOD = [
    ("runtime/base/a.c", '#include "runtime/base/alloc.h"\n#include <dsinfer/status.h>\n'),
    ("runtime/exec/a.c", '#include "runtime/kernels/kernels.h"\n#include "runtime/base/a.h"\n'),
    ("state/decode/a.c", '#include "model/alphabet.h"\n/* #include <cblas.h> */\n'),
    ("runtime/kernels/fft.c", "#include <kiss_fftr.h>\n"),
    ("tests/unit/a.c", '#include "state/decode/search.h"\n#include <cmocka.h>\n'),
]


def main():
    with open(os.path.join(HERE, "layers.txt"), encoding="utf-8") as file:
        table = file.read()
    if sys.argv[1:] == ["--self-test"]:
        twice = Layers(table)
        twice.check("runtime/kernels/fft.c", "#include <kiss_fftr.h>\n")
        if not twice.check("runtime/kernels/other.c", "#include <kiss_fft.h>\n"):
            print("not found: kissfft in two files")
            return 1
    layers = Layers(table)
    return source_tree.run_check(layers.check, (".c", ".h", ".cpp"), BAD, GOOD)


if __name__ == "__main__":
    sys.exit(main())
