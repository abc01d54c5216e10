# The Debian packages that dsinfer needs, and how to get those that are missing. Sourced by
# bin/quickstart.sh and tests/run.sh; this is the only list.
#
# OpenBLAS in its serial flavour: the usual one starts threads as soon as it is loaded.
# SPDX-License-Identifier: BSD-2-Clause

# To build and use it.
build_packages="gcc libc6-dev meson ninja-build pkg-config python3
libopenblas-serial-dev libkissfft-dev libexpat1-dev libprotobuf-c-dev protobuf-c-compiler
libsndfile1-dev libsoxr-dev portaudio19-dev libjansson-dev libcmocka-dev"

# To test all of it as well: the other compiler with its sanitizers, C++ for the headers, numpy for
# the scripts, venv for OpenVINO, man and binutils for the man page and the symbols, qemu for
# other processors.
test_packages="$build_packages
g++ clang libclang-rt-14-dev binutils valgrind python3-numpy python3-venv man-db qemu-user"

# And to test it for another architecture, arm64: the compiler, and the libraries once more.
aarch64_packages="gcc-aarch64-linux-gnu libc6-dev-arm64-cross
libc6-dev:arm64 libopenblas-serial-dev:arm64 libkissfft-dev:arm64 libexpat1-dev:arm64
libprotobuf-c-dev:arm64 libsndfile1-dev:arm64 libsoxr-dev:arm64 portaudio19-dev:arm64
libjansson-dev:arm64 libcmocka-dev:arm64"

say() {
    printf '%s\n' "$*" >&2
}

# as_root COMMAND...: the command as root, or a message and 1 when there is no way.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    else
        say "neither root nor sudo: install by hand what is missing"
        return 1
    fi
}

# install_missing LOG PACKAGE...: asks apt for the packages that are not there, with its output in
# the file LOG. Nothing happens, and no network is needed, when all are.
install_missing() {
    log=$1
    shift
    if ! command -v dpkg-query >/dev/null 2>&1; then
        say "not a Debian system: going on with the libraries that are here"
        return 0
    fi
    missing=
    for package in "$@"; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
        installed*) ;;
        *) missing="$missing $package" ;;
        esac
    done
    [ -n "$missing" ] || return 0
    say "installing:$missing"
    export DEBIAN_FRONTEND=noninteractive
    # An index that is not reachable need not be one of those that matter.
    as_root apt-get -q update >"$log" 2>&1 || true
    # shellcheck disable=SC2086
    if ! as_root apt-get -q -y -o DPkg::Lock::Timeout=300 --no-install-recommends \
        install $missing >>"$log" 2>&1; then
        tail -n 5 "$log" >&2
        say "could not install:$missing"
        return 1
    fi
}
