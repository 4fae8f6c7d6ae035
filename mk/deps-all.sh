#!/bin/sh
# The same, and what only some checks need: they are skipped without it.
exec "$(dirname "$0")/deps.sh" clang libclang-rt-14-dev clang-format \
	qemu-system-x86 qemu-system-common cpio kmod lz4 mandoc zsh fish \
	python3 python3-venv golang-go cargo rustc rustfmt rust-clippy nodejs npm
