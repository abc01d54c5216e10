"""What the hygiene checks share: the files of the tree, C source without its comments and strings,
the functions of a file, and the frame of a check program.

A check is a function (path, text) -> list of (line, sentence), path relative to the root. Every
check program takes the root, or --self-test, which shows that each rule can fail.

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re
import sys

MODULES = ("runtime", "frontend", "model", "state", "bin", "tests")
LIBRARY = ("runtime/", "frontend/", "model/", "state/")


def find_files(root, endings, folders=MODULES + ("subprojects/packagefiles", ".ci", "")):
    """Paths below the root, sorted; the root itself is the folder "" and is not descended into."""
    found = []
    for folder in folders:
        for path, names, files in os.walk(os.path.join(root, folder)):
            names[:] = [n for n in names if folder and n != "__pycache__" and n != "corpus"]
            for name in files:
                if name.endswith(endings):
                    found.append(os.path.relpath(os.path.join(path, name), root))
    return sorted(found)


def read_text(root, path):
    with open(os.path.join(root, path), encoding="utf-8", newline="") as file:
        return file.read()


TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def blank(text):
    """As many lines as `text`, with nothing else on them."""
    return "\n" * text.count("\n")


def strip_c(text, keep_strings=False):
    """C source without comments, and with empty strings; lines stay where they are."""
    def replace(match):
        token = match.group()
        if token[0] == "/":
            return " " + blank(token)
        return token if keep_strings else token[0] * 2
    return TOKEN.sub(replace, text)


def find_functions(text):
    """(first line, last line, name) of every function, the brace lines; the house layout has the
    closing brace, and nothing else that is only a brace, in the first column."""
    functions = []
    start = None
    name = ""
    for number, line in enumerate(strip_c(text).split("\n"), 1):
        called = re.match(r"[A-Za-z_].*?([A-Za-z_0-9]+)\(", line)
        if called and start is None:
            name = called.group(1)
        if start is None and re.match(r"[^#}].*\)\s*\{$", line) and name:
            start = number
        elif start is not None and line.startswith("}"):
            functions.append((start, number, name))
            start = None
            name = ""
    return functions


def report(complaints):
    for path, line, sentence in complaints:
        print(f"{path}:{line}: {sentence}")
    return 1 if complaints else 0


def run_check(check, endings, bad, good):
    """Main program of a check. `bad`: (name of the rule, path, text) that must be found; `good`:
    (path, text) that must not."""
    if len(sys.argv) != 2:
        print(f"usage: {sys.argv[0]} ROOT | --self-test", file=sys.stderr)
        return 2
    if sys.argv[1] == "--self-test":
        return self_test(check, bad, good)
    root = sys.argv[1]
    paths = find_files(root, endings)
    if not paths:
        print(f"no files found below {root}")
        return 1
    return report([(path, line, sentence) for path in paths
                   for line, sentence in check(path, read_text(root, path))])


def self_test(check, bad, good):
    failures = 0
    for name, path, text in bad:
        if not check(path, text):
            print(f"not found: {name}")
            failures += 1
    for path, text in good:
        for line, sentence in check(path, text):
            print(f"wrongly found: {path}:{line}: {sentence}")
            failures += 1
    print(f"{len(bad)} bad and {len(good)} good texts, {failures} wrong answers")
    return 1 if failures or not bad else 0
