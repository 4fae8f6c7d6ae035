#!/bin/sh
# The same, and what only some checks need: they are skipped without it. A tool chain that is there already, wherever it came from, is taken as it is.
set -eu
tools=
need() { # PACKAGES COMMAND...: that succeeds where they are not needed
	packages=$1
	shift
	"$@" >/dev/null 2>&1 || tools="$tools $packages"
}
need golang-go go version
need "cargo rustc" cargo --version
need rustfmt rustfmt --version
need rust-clippy cargo-clippy --version
need nodejs node --version
need npm npm --version
need "python3 python3-venv" python3 -m venv --help
# shellcheck disable=SC2086
exec "$(dirname "$0")/deps.sh" clang libclang-rt-14-dev clang-format qemu-system-x86 qemu-system-common cpio kmod lz4 wireguard-tools containernetworking-plugins netavark mandoc zsh fish gcc-mingw-w64-x86-64 wine64 $tools
