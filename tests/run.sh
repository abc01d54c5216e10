#!/bin/sh
# Installs what is missing, builds dsinfer in every way that must work and runs all tests in each.
#
#     sh tests/run.sh [--quick | BUILD ...]
#
# Without arguments all builds of the list below; --quick: the first alone; or those named. They
# lie in build-tests/ and are used again. The last line is `N passed, N failed`, and `, N skipped`
# where tests had to be skipped; the exit status is 0 if nothing failed. With CI=true in the
# environment a skipped test is a failed one, except where other software could not be installed.
#
# SPDX-License-Identifier: BSD-2-Clause
set -eu
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE CFLAGS CPPFLAGS LDFLAGS

cd "$(dirname "$0")/.."
. tests/packages.sh

all_builds="release sanitized plain clang clang_sanitized thread valgrind old_cpu aarch64 openvino"
if [ "${1-}" = --quick ]; then
    builds="release"
else
    builds="${*:-$all_builds}"
fi

# build NAME OPTION...: makes or updates build-tests/NAME; builds it.
build() {
    name=$1
    shift
    say "building $name"
    mkdir -p "build-tests/$name"
    log=build-tests/$name/run.log
    if [ -f "build-tests/$name/build.ninja" ]; then
        meson setup --reconfigure "build-tests/$name" "$@" >"$log" 2>&1
    else
        meson setup "build-tests/$name" "$@" >"$log" 2>&1
    fi && ninja -C "build-tests/$name" >>"$log" 2>&1 || {
        grep -E -A 5 'error|ERROR|FAILED' "$log" | head -n 40 >&2
        say "$name: does not build; all of it in $log"
        return 1
    }
}

# check_results NAME: a run that ended without results, for whatever reason, is a broken one.
check_results() {
    if [ -z "$(find "build-tests/$1/meson-logs" -name 'testlog*.json' -newer build-tests/started \
        2>/dev/null)" ]; then
        say "$1: the tests did not run"
        return 1
    fi
}

# run NAME OPTION...: runs the tests; what failed is in build-tests/NAME/meson-logs.
run() {
    name=$1
    shift
    say "testing $name"
    touch build-tests/started
    # Timeouts are for an idle machine and the fastest kernels.
    meson test -C "build-tests/$name" --no-rebuild --timeout-multiplier 5 "$@" \
        >>"build-tests/$name/run.log" 2>&1 || true
    check_results "$name"
}

make_release() {
    build release -Dwerror=true && run release
}

make_sanitized() {
    build sanitized -Dbuildtype=debugoptimized -Db_sanitize=address,undefined && run sanitized
}

# Everything that can be switched off is off.
make_plain() {
    build plain -Dwerror=true -Dblas=disabled -Dsimd=disabled -Dportaudio=disabled &&
        run plain
}

# The program is tested as the first compiler makes it.
make_clang() {
    CC=clang build clang -Dwerror=true && run clang --no-suite cli
}

# The other compiler's sanitizers see other things; the program was run under the first one's.
make_clang_sanitized() {
    CC=clang build clang_sanitized -Dbuildtype=debugoptimized -Db_sanitize=address,undefined \
        -Db_lundef=false && run clang_sanitized --suite unit --suite fuzz --suite pipeline
}

# Data races: the tests in which several threads work, in the program and with streams of one model.
make_thread() {
    build thread -Dbuildtype=debugoptimized -Db_sanitize=thread &&
        run thread cli_jobs test_batch test_pool test_share test_stream test_threads
}

# What the sanitizers cannot see: memory read before it was written, libraries without them.
make_valgrind() {
    build release -Dwerror=true && run release --setup valgrind --suite unit
}

# Another processor, emulated: instructions that it lacks end a test. Real speech must give the
# texts of the goldens.
make_old_cpu() {
    build release -Dwerror=true &&
        run release --setup old_cpu kernel_check test_whole_network test_stream_golden
}

# Another architecture, emulated: real speech, and saved states that travel between it and this one.
make_aarch64() {
    build release -Dwerror=true || return 1
    if ! install_aarch64; then
        mkdir -p build-tests/aarch64/meson-logs
        echo '{"name": "the cross compiler, or libraries for arm64", "result": "ABSENT"}' \
            >build-tests/aarch64/meson-logs/testlog.json
        return 0
    fi
    build aarch64 -Dwerror=true -Dother_program="$PWD/build-tests/release/bin/dsinfer" \
        --cross-file tests/cross/aarch64.txt &&
        run aarch64 kernel_check test_whole_network test_stream_golden state_elsewhere
}

# Debian's packages for arm64, which apt must be told of.
install_aarch64() {
    log=build-tests/install_aarch64.log
    if ! command -v dpkg >/dev/null 2>&1; then
        return 1
    fi
    if ! dpkg --print-foreign-architectures | grep -q '^arm64$'; then
        as_root dpkg --add-architecture arm64 >"$log" 2>&1 || return 1
    fi
    # shellcheck disable=SC2086
    install_missing "$log" $aarch64_packages
}

# Other software: genuine OpenVINO, from PyPI, runs what the release build converts.
make_openvino() {
    build release -Dwerror=true || return 1
    say "testing openvino"
    touch build-tests/started
    python3 -B tests/openvino/run.py build-tests/release/bin/dsinfer ../shared/oracle/graphs \
        build-tests/openvino >build-tests/openvino.log 2>&1 || true
    check_results openvino
}

mkdir -p build-tests
# shellcheck disable=SC2086
install_missing build-tests/install.log $test_packages

broken=0
rm -f build-tests/*/meson-logs/testlog*.json
for name in $builds; do
    "make_$name" || broken=$((broken + 1))
done
exec python3 -B tests/count_results.py "$broken" build-tests/*/meson-logs/testlog*.json
