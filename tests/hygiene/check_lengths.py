"""Functions of at most 60 lines and files of at most 600.

A function is measured from the line of its opening brace to that of its closing one. What is
longer, and reviewed to be better so, stands in long.txt; 100 and 1000 lines have no exception.

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import sys

import source_tree

FUNCTION_LINES, FUNCTION_MOST = 60, 100
FILE_LINES, FILE_MOST = 600, 1000
HERE = os.path.dirname(os.path.abspath(__file__))


def read_exceptions():
    with open(os.path.join(HERE, "long.txt"), encoding="utf-8") as file:
        lines = [line.split("#")[0].strip() for line in file]
    return {line for line in lines if line}


EXCEPTIONS = read_exceptions()


def judge(length, usual, most, key):
    if length > most:
        return f"{length} lines: {most} have no exception"
    if length > usual and key not in EXCEPTIONS:
        return f"{length} lines, at most {usual} without an entry in long.txt"
    return None


def check(path, text):
    complaints = []
    sentence = judge(text.count("\n"), FILE_LINES, FILE_MOST, path)
    if sentence:
        complaints.append((1, "file of " + sentence))
    if path.endswith((".c", ".h")):
        for first, last, name in source_tree.find_functions(text):
            sentence = judge(last - first, FUNCTION_LINES, FUNCTION_MOST, f"{path} {name}")
            if sentence:
                complaints.append((first, f"function {name} of {sentence}"))
    return complaints


def function(n_lines):
    return "int f(int a,\n      int b) {\n" + "    g();\n" * (n_lines - 1) + "}\n"


BAD = [
    ("function of 61 lines", "bin/a.c", function(61)),
    ("second function of 61 lines", "bin/a.c", function(5) + "\n" + function(61)),
    ("brace in a string", "bin/a.c", function(61).replace("g();", 'g("}");', 1)),
    ("file of 601 lines", "bin/a.py", "a\n" * 601),
]
GOOD = [
    ("bin/a.c", function(60) * 9),
    ("bin/a.c", "struct s a[] = {\n" + "    {1},\n" * 90 + "};\n"),
    ("bin/a.h", "#define X(a) \\\n" + "    f(a) \\\n" * 90 + "    g(a)\n"),
]

if __name__ == "__main__":
    sys.exit(source_tree.run_check(check, (".c", ".h", ".py", ".sh", ".cpp"), BAD, GOOD))
