"""The program finds its model wherever it was installed.

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import shutil
import subprocess

from support import BUILD, BUNDLED, PROGRAM, SAMPLE, temporary, text_of

FAST = ('--decoder', 'greedy')


def place(prefix, model_folder):
    """Copies program and model as an installation or a build tree has them."""
    os.makedirs(os.path.join(prefix, 'bin'))
    shutil.copytree(BUNDLED, os.path.join(prefix, model_folder))
    return shutil.copy(PROGRAM, os.path.join(prefix, 'bin', 'dsinfer'))


def transcribe(program, **options):
    environment = dict(os.environ, LD_LIBRARY_PATH=BUILD)
    done = subprocess.run([program, *FAST, SAMPLE], stdout=subprocess.PIPE, check=True,
                          env=environment, **options)
    return done.stdout.decode().strip()


def test_model_is_found_beside_the_program():
    expected = text_of(*FAST, SAMPLE)
    installed = place(temporary('prefix'), 'share/dsinfer/english')
    built = place(temporary('tree'), 'model/english')
    assert transcribe(installed) == transcribe(built) == expected
    assert transcribe(installed, cwd='/') == expected


def test_model_is_found_through_a_link():
    program = place(temporary('linked'), 'share/dsinfer/english')
    link = temporary('link')
    os.symlink(program, link)
    assert transcribe(link) == text_of(*FAST, SAMPLE)
