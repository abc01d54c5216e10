"""Nothing is forgotten: every source file is named in a meson.build (what is not listed is never
compiled, and a test that is not listed never fails), every folder has its page, and the links of
all pages lead somewhere.

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re
import sys

import source_tree

README_LINES = 40
LINK = re.compile(r"\]\(([^)#:]+)\)")

def find_build_text(root, path):
    """The meson.build files of the folders above `path`, together."""
    text = ""
    folder = os.path.dirname(path)
    while folder:
        name = os.path.join(folder, "meson.build")
        if os.path.exists(os.path.join(root, name)):
            text += source_tree.read_text(root, name)
        folder = os.path.dirname(folder)
    return text


def is_listed(path, build_text):
    """Unit tests and fuzz targets are listed without ".c", fuzz targets without "fuzz_"."""
    stem = os.path.splitext(os.path.basename(path))[0]
    if path.startswith("tests/fuzz/fuzz_"):
        stem = stem[len("fuzz_"):]
    return re.search(r"['/]" + re.escape(stem) + r"(\.c|\.cpp|\.py|\.sh)?'", build_text) is not None


def find_unlisted(root):
    for path in source_tree.find_files(root, (".c", ".cpp", ".proto"), source_tree.MODULES):
        if not is_listed(path, find_build_text(root, path)):
            yield path, 1, "is named in no meson.build"


def check_page(root, folder):
    path = os.path.join(folder, "README.md")
    if not os.path.exists(os.path.join(root, path)):
        yield path, 1, "is missing: purpose, may-use line, files in reading order"
    elif source_tree.read_text(root, path).count("\n") > README_LINES:
        yield path, 1, f"has more than {README_LINES} lines"


def check_links(root, path, text):
    for match in LINK.finditer(text):
        target = os.path.join(root, os.path.dirname(path), match.group(1))
        if not os.path.exists(target):
            yield path, text.count("\n", 0, match.start()) + 1, f"{match.group(1)} is not there"


def find_bad_pages(root):
    for folder in source_tree.MODULES + ("subprojects",):
        yield from check_page(root, folder)
    for path in source_tree.find_files(root, (".md",)):
        yield from check_links(root, path, source_tree.read_text(root, path))


def self_test():
    listed = "files('a.c', 'tensor/shape.c')\nunit_tests += ['base/test_cursor']\n"
    listed += "fuzz_targets = {\n  'graphdef': 10,\n}\n"
    answers = [
        is_listed("runtime/a.c", listed),
        is_listed("runtime/tensor/shape.c", listed),
        is_listed("tests/unit/base/test_cursor.c", listed),
        is_listed("tests/fuzz/fuzz_graphdef.c", listed),
        not is_listed("runtime/b.c", listed),
        not is_listed("tests/unit/base/test_curso.c", listed),
        not is_listed("tests/fuzz/fuzz_graph.c", listed),
        len(list(check_page("/nowhere", "bin"))) == 1,
        len(list(check_links("/nowhere", "bin/README.md", "see [it](dsinfer.c)\n"))) == 1,
        not list(check_links("/", "bin/README.md", "see [it](../) or [that](https://x.org)\n")),
    ]
    print(f"{answers.count(True)} right and {answers.count(False)} wrong answers")
    return 0 if all(answers) else 1


def main():
    if len(sys.argv) != 2:
        print(f"usage: {sys.argv[0]} ROOT | --self-test", file=sys.stderr)
        return 2
    if sys.argv[1] == "--self-test":
        return self_test()
    root = sys.argv[1]
    return source_tree.report(list(find_unlisted(root)) + list(find_bad_pages(root)))


if __name__ == "__main__":
    sys.exit(main())
