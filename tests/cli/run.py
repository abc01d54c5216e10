"""Runs a group of tests of the program: every function test_* of the module of that name.

    DSINFER_BUILD=$PWD/build tests/cli/run.py GROUP [NAME...]

SPDX-License-Identifier: BSD-2-Clause
"""
import importlib
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
support = importlib.import_module('support')


def main():
    module = importlib.import_module('cases_' + sys.argv[1])
    names = sys.argv[2:] or [name for name in dir(module) if name.startswith('test_')]
    n_failed = n_passed = 0
    for name in names:
        started = time.monotonic()
        try:
            getattr(module, name)()
            outcome = 'ok'
            n_passed += 1
        except support.Skip as reason:
            outcome = 'skipped: %s' % reason
        except Exception:
            outcome = 'FAILED\n' + traceback.format_exc()
            n_failed += 1
        print('%-68s %5.2f s %s' % (name[5:].replace('_', ' '), time.monotonic() - started,
                                    outcome), flush=True)
    return 1 if n_failed else 0 if n_passed else 77


if __name__ == '__main__':
    sys.exit(main())
