"""Adds up Meson's test logs and says it in one line: N passed, N failed, N skipped.

    count_results.py N_BROKEN_BUILDS TESTLOG.json...

Names what failed and what was skipped before. A build that does not build is one failure; with
CI=true in the environment every skipped test is one too. What is absent, other software that could
not be installed here, is named and not counted.

SPDX-License-Identifier: BSD-2-Clause
"""
import json
import os
import sys

PASSED = ("OK", "EXPECTEDFAIL")


def read_results(path):
    """(name of the build and test, result) of every test."""
    build = os.path.basename(os.path.dirname(os.path.dirname(path)))
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.strip():
                test = json.loads(line)
                yield f"{build}: {test['name']}", test["result"]


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    results = [result for path in sys.argv[2:] if os.path.exists(path)
               for result in read_results(path)]
    passed = [name for name, result in results if result in PASSED]
    skipped = [name for name, result in results if result == "SKIP"]
    failed = [(name, result) for name, result in results
              if result not in PASSED + ("SKIP", "ABSENT")]
    for name in skipped:
        print(f"skipped: {name}")
    for name, result in results:
        if result == "ABSENT":
            print(f"skipped, not installed: {name}")
    for name, result in failed:
        print(f"failed: {name} ({result})")
    n_failed = len(failed) + int(sys.argv[1])
    if os.environ.get("CI") == "true" and skipped:
        print("a skipped test counts as failed here")
        n_failed += len(skipped)
        skipped = []
    line = f"{len(passed)} passed, {n_failed} failed"
    print(line + f", {len(skipped)} skipped" if skipped else line)
    return 0 if n_failed == 0 and passed else 1


if __name__ == "__main__":
    sys.exit(main())
