#!/bin/sh
# Installs what is missing, builds dsinfer in build/ and transcribes the recording that comes with
# the bundled English model. The transcript is the last line of stdout; the rest is on stderr.
#
#     sh bin/quickstart.sh [FILE.wav ...]
#
# SPDX-License-Identifier: BSD-2-Clause
set -eu
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE

called_from=$PWD
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
. tests/packages.sh

mkdir -p build
# shellcheck disable=SC2086
install_missing build/quickstart.log $build_packages

say "building in build/"
if [ ! -f build/build.ninja ]; then
    meson setup build >build/quickstart.log 2>&1 || {
        tail -n 20 build/quickstart.log >&2
        exit 1
    }
fi
ninja -C build >build/quickstart.log 2>&1 || {
    tail -n 40 build/quickstart.log >&2
    exit 1
}

if [ $# -eq 0 ]; then
    say "transcribing model/english/sample.wav"
    say "(spoken: \"she felt that which she had never felt before a sensation of expansion\")"
    set -- "$root/model/english/sample.wav"
fi
cd "$called_from"
exec "$root/build/bin/dsinfer" "$@"
