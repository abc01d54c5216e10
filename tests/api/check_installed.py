"""Installs the build into an empty folder and uses what is there as a stranger would: the example
program built with pkg-config, and the program from another current folder.

    check_installed.py BUILD_DIR EXAMPLE.c MESON COMPILER...

SPDX-License-Identifier: BSD-2-Clause
"""
import glob
import os
import re
import shutil
import subprocess
import sys

# What the sample says, and how many of its words even a weak model must get right.
SPOKEN = "she felt that which she had never felt before a sensation of expansion"
WORDS_RIGHT = 3

EXPECTED = (
    "bin/dsinfer", "include/dsinfer/dsinfer.h", "include/dsinfer/stream.h",
    "share/man/man1/dsinfer.1*", "share/dsinfer/english/output_graph.pb",
    "share/dsinfer/english/alphabet.txt", "share/dsinfer/english/lm.binary",
    "share/dsinfer/english/decoder.json", "share/dsinfer/english/sample.wav",
    "share/dsinfer/english/README.md", "share/dsinfer/english/LICENSE",
)


def run(command, **options):
    """Standard output of a command that must succeed; its standard error is shown if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def install(build, meson):
    """A fresh installation below the build folder; returns its prefix."""
    destination = os.path.join(build, "installed")
    shutil.rmtree(destination, ignore_errors=True)
    run(meson.split() + ["install", "-C", build, "--no-rebuild", "--quiet",
                         "--destdir", destination])
    programs = glob.glob(os.path.join(glob.escape(destination), "**", "bin", "dsinfer"),
                         recursive=True)
    if len(programs) != 1:
        sys.exit(f"{len(programs)} installed programs: {programs}")
    return os.path.dirname(os.path.dirname(programs[0]))


def check_files(prefix):
    missing = [name for name in EXPECTED if not glob.glob(os.path.join(prefix, name))]
    if missing:
        sys.exit(f"not installed: {missing}")
    foreign = [name for name in glob.glob(os.path.join(prefix, "lib", "**"), recursive=True)
               if os.path.isfile(name) and not re.search(r"libdsinfer\.so|dsinfer\.pc$", name)]
    if foreign:
        sys.exit(f"installed, but nobody's: {foreign}")


def find_library_folder(prefix):
    return os.path.dirname(glob.glob(os.path.join(prefix, "lib*", "**", "pkgconfig"),
                                     recursive=True)[0])


def ask_pkg_config(prefix, *questions):
    folder = os.path.join(find_library_folder(prefix), "pkgconfig")
    # Nothing else is on the path: who has only libdsinfer must be able to use it.
    environment = dict(os.environ, PKG_CONFIG_LIBDIR=folder, PKG_CONFIG_PATH="")
    return run(["pkg-config", f"--define-variable=prefix={prefix}", *questions, "dsinfer"],
               env=environment).split()


def count_right(text):
    """Length of the longest common subsequence of words."""
    row = [0] * (len(text.split()) + 1)
    for spoken in SPOKEN.split():
        previous = row[:]
        for i, word in enumerate(text.split(), 1):
            row[i] = previous[i - 1] + 1 if word == spoken else max(row[i - 1], previous[i])
    return row[-1]


def check_text(who, text):
    print(f"{who}: {text.rstrip()}")
    if text.count("\n") != 1 or count_right(text) < WORDS_RIGHT:
        sys.exit(f"{who}: fewer than {WORDS_RIGHT} words of '{SPOKEN}', or no one line")


def main():
    if len(sys.argv) < 5:
        print(__doc__, file=sys.stderr)
        return 2
    build, source, meson, compiler = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    prefix = install(build, meson)
    check_files(prefix)
    english = os.path.join(prefix, "share", "dsinfer", "english")
    model, sample = os.path.join(english, "output_graph.pb"), os.path.join(english, "sample.wav")
    environment = dict(os.environ, LD_LIBRARY_PATH=find_library_folder(prefix))

    example = os.path.join(build, "installed", "transcribe_example")
    flags = ask_pkg_config(prefix, "--cflags", "--libs")
    run(compiler + ["-std=c99", "-pedantic", "-Wall", "-Werror", source, "-o", example] + flags)
    text = run([example, model, sample], env=environment, cwd="/")
    check_text("example", text)

    # The program finds its library by itself.
    program = os.path.join(prefix, "bin", "dsinfer")
    environment.pop("LD_LIBRARY_PATH")
    version = ask_pkg_config(prefix, "--modversion")[0]
    if version not in run([program, "--version"], env=environment):
        sys.exit(f"--version does not say {version}")
    check_text("program", run([program, sample], env=environment, cwd="/"))
    if run([program, "--no-lm", sample], env=environment, cwd="/") != text:
        sys.exit("the program without a language model and the example differ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
