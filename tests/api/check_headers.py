"""Each public header compiles alone, twice in one file, and the umbrella has all of them: as C99
-pedantic and as C++, without a warning.

    check_headers.py INCLUDE_DIR c|c++ COMPILER...
    check_headers.py --self-test COMPILER...

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re
import subprocess
import sys
import tempfile

# No -Wshadow in C++: dsinfer_model_info is a struct and a function, like stat.
FLAGS = {
    "c": ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wstrict-prototypes", "-Wshadow"],
    "c++": ["-std=c++98", "-pedantic", "-Wall", "-Wextra", "-Wno-long-long"],
}


def compile_header(folder, name, language, compiler):
    """The compiler's complaints about a file that includes nothing but this header, twice."""
    source = f"#include <dsinfer/{name}>\n#include <dsinfer/{name}>\nint main(void);\n"
    command = compiler + FLAGS[language] + ["-Werror", "-fsyntax-only", "-x", language, "-"]
    command += ["-I", folder]
    done = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def find_forgotten(folder, names):
    with open(os.path.join(folder, "dsinfer", "dsinfer.h"), encoding="utf-8") as file:
        included = set(re.findall(r"#include <dsinfer/(\w+\.h)>", file.read()))
    return set(names) - included - {"dsinfer.h", "export.h"}


def check(folder, language, compiler):
    names = sorted(os.listdir(os.path.join(folder, "dsinfer")))
    failures = 0
    for name in names:
        complaint = compile_header(folder, name, language, compiler)
        print(f"{name} as {language}: {'fails' if complaint else 'compiles'}\n{complaint}", end="")
        failures += bool(complaint)
    for name in find_forgotten(folder, names):
        print(f"dsinfer.h does not include {name}")
        failures += 1
    return 1 if failures or not names else 0


def self_test(compiler):
    """Headers that must not pass."""
    bad = {
        "alone.h": ("c", "void f(size_t n);\n"),
        "twice.h": ("c", "struct a { int b; };\n"),
        "modern.h": ("c", "struct a { int b; struct { int c; }; };\n"),
        "word.h": ("c++", "void f(int class);\n"),
    }
    accepted = []
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "dsinfer"))
        for name, (language, text) in bad.items():
            with open(os.path.join(folder, "dsinfer", name), "w", encoding="utf-8") as file:
                file.write(text)
            if not compile_header(folder, name, language, compiler):
                accepted.append(name)
        with open(os.path.join(folder, "dsinfer", "dsinfer.h"), "w", encoding="utf-8") as file:
            file.write("#include <dsinfer/alone.h>\n")
        if find_forgotten(folder, ["alone.h", "twice.h"]) != {"twice.h"}:
            accepted.append("dsinfer.h")
    print(f"wrongly accepted: {accepted}")
    return 1 if accepted else 0


def main():
    if len(sys.argv) >= 3 and sys.argv[1] == "--self-test":
        return self_test(sys.argv[2:])
    if len(sys.argv) < 4 or sys.argv[2] not in FLAGS:
        print(__doc__, file=sys.stderr)
        return 2
    return check(sys.argv[1], sys.argv[2], sys.argv[3:])


if __name__ == "__main__":
    sys.exit(main())
