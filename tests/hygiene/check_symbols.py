"""What the libraries define: the static one only dsinfer_ and dsi_ names, and nothing writable; the
shared one exports only dsinfer_ names, all of which a public header declares.

    check_symbols.py STATIC SHARED INCLUDE_DIR [--sanitized] | --self-test

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import re
import subprocess
import sys

# Mutable state of the process that is meant to be there: the counters of alloc.c for tests.
WRITABLE = {"fail_after", "n_allocations"}
# Names that sanitizers and the fuzzer put beside ours.
TOOL_NAMES = re.compile(r"__(odr_asan|asan|ubsan|tsan|sancov|start___sancov|stop___sancov)")
DEFINED = re.compile(r"^[0-9a-f]* ?([A-Za-z]) (\S+)$")
# A row of objdump -t: address, seven flag letters, section, size, name.
OBJECT = re.compile(r"^[0-9a-f]+ .{7} (\S+)\t[0-9a-f]+ (?:\.hidden )?(\S+)$")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def find_foreign(nm_output, prefixes):
    """Global definitions in the output of nm whose name has none of the prefixes."""
    foreign = []
    for line in nm_output.split("\n"):
        match = DEFINED.match(line.strip())
        if not match or match.group(1) == "U":
            continue
        name = match.group(2).split("@")[0]
        if not name.startswith(prefixes) and not TOOL_NAMES.search(name):
            foreign.append(name)
    return foreign


def find_exports(nm_output):
    names = [DEFINED.match(line.strip()) for line in nm_output.split("\n")]
    return {m.group(2).split("@")[0] for m in names if m and m.group(1) in "TDBR"}


def find_writable(objdump_output):
    found = []
    for line in objdump_output.split("\n"):
        match = OBJECT.match(line)
        if match and re.match(r"\.(data|bss|tdata|tbss)(\.(?!rel\.ro)|$)|\*COM\*", match.group(1)):
            name = match.group(2)
            if not name.startswith(".") and name.split(".")[0] not in WRITABLE:
                found.append(name)
    return found


def read_declared(folder):
    text = ""
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            text += file.read()
    return set(re.findall(r"\b(dsinfer_\w+)\(", text))


def check(static, shared, include, sanitized):
    complaints = []
    for name in find_foreign(run("nm", "-g", "--defined-only", static), ("dsinfer_", "dsi_")):
        complaints.append(f"{name}: a global of the static library without our prefix")
    exports = run("nm", "-D", "--defined-only", shared)
    for name in find_foreign(exports, ("dsinfer_", "DSINFER_")):
        complaints.append(f"{name}: exported by the shared library")
    declared = read_declared(include)
    for name in sorted(find_exports(exports) - declared):
        complaints.append(f"{name}: exported, but no public header declares it")
    for name in sorted(declared - find_exports(exports)):
        complaints.append(f"{name}: declared by a public header, but not exported")
    if not sanitized:
        for name in find_writable(run("objdump", "-t", static)):
            complaints.append(f"{name}: a mutable global")
    return complaints


def self_test():
    nm = "a.o:\n0000 T dsi_a\n0000 T dsinfer_b\n         U malloc\n0000 R table\n"
    table = ("0000000000000000 l     O .data.rel.ro\t0000000000000008 names.1\n"
             "0000000000000000 l     O .bss\t0000000000000008 count\n"
             "0000000000000000 l    d  .data\t0000000000000000 .data\n"
             "0000000000000000 g     O .data\t0000000000000004 .hidden dsi_level\n"
             "0000000000000000 l     O .bss.cache\t0000000000000004 cache.3\n"
             "0000000000000000 g     F .text\t0000000000000004 dsi_a\n")
    answers = [
        find_foreign(nm, ("dsinfer_", "dsi_")) == ["table"],
        find_foreign(nm, ("dsinfer_",)) == ["dsi_a", "table"],
        find_exports("0000 T dsinfer_b@@DSINFER_0\n0000 A DSINFER_0\n") == {"dsinfer_b"},
        find_writable(table) == ["count", "dsi_level", "cache.3"],
    ]
    print(f"{answers.count(True)} right and {answers.count(False)} wrong answers")
    return 0 if all(answers) else 1


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if len(sys.argv) not in (4, 5):
        print(__doc__, file=sys.stderr)
        return 2
    complaints = check(*sys.argv[1:4], sanitized="--sanitized" in sys.argv)
    print("\n".join(complaints))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
