#!/bin/sh
# What `make install` puts down is all that a C program needs; `make clean` takes away what builds leave in client/.
set -u
B=${B:-build}
unset MAKEFLAGS MFLAGS MAKELEVEL
. tests/check.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp" "$check_said"' EXIT
root=$tmp/root

has() { # PATH...: below the prefix
	for file; do [ -s "$root/usr/$file" ] || { echo "no $file"; return 1; }; done
}
cat >"$tmp/main.c" <<'C'
#include <overlayd.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	struct ovd_request request = { .kind = OVD_REQUEST_STATUS };
	const struct ovd_response *response;
	struct ovd_client *client = NULL;
	int r = ovd_client_open("/nowhere", 1, &client);

	if (r == 0)
		r = ovd_client_call(client, &request, 1000, &response);
	ovd_client_close(client);
	puts(strerror(-r));
	return 0;
}
C
compiles() { # FLAG...
	flags=$(PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$root/usr/lib/pkgconfig pkg-config --cflags --libs overlayd) || return
	# shellcheck disable=SC2086
	(cd "$tmp" && ${CC:-gcc} "$@" -Wall -Wextra -Werror -o main main.c $flags && [ "$(./main)" = "No such file or directory" ])
}

check "make install" make --no-print-directory B="$B" DESTDIR="$root" PREFIX=/usr install
check "programs" has sbin/overlayd bin/overlayctl bin/overlay-conform
check "manual pages" has share/man/man8/overlayd.8 share/man/man1/overlayctl.1 share/man/man7/overlayd-protocol.7
check "completions" has share/bash-completion/completions/overlayctl share/zsh/site-functions/_overlayctl share/fish/vendor_completions.d/overlayctl.fish
check "the schema" has share/overlayd/overlayd.proto share/overlayd/wire.proto
check "systemd units" has lib/systemd/system/overlayd.service lib/systemd/system/overlayd.socket
check "start what was installed" grep -x ExecStart=/usr/sbin/overlayd "$root/usr/lib/systemd/system/overlayd.service"
check "the library" has lib/liboverlayd.a lib/pkgconfig/overlayd.pc include/overlayd/overlayd.h
if command -v pkg-config >/dev/null; then
	check "a program compiles and runs" compiles
	check "a program in C11 without extensions" compiles -std=c11 -pedantic
else
	check_skip "a program compiles and runs" "no pkg-config here"
fi
alone() { # every header that was installed compiles by itself
	(cd "$root/usr/include/overlayd" && find . -name '*.h' | while read -r header; do
		echo "#include \"$header\"" | ${CC:-gcc} -std=gnu17 -Wall -Wextra -Werror -I. -fsyntax-only -x c - || echo "$header"
	done | { ! grep .; })
}
check "each header alone" alone

left="client/python/build client/python/dist client/python/src/overlayd/__pycache__ client/python/.venv client/python/src/overlayd.egg-info client/rust/target client/typescript/dist client/typescript/node_modules"
cleaned() (
	mkdir "$tmp/tree" && cp -a Makefile mk schema gen runtime server client tests "$tmp/tree" && cd "$tmp/tree" || return
	find . -type f | grep -Ev '/(__pycache__|python/build|dist|node_modules|target|\.venv|\.mypy_cache|\.ruff_cache|[^/]*\.egg-info)/' | sort >"$tmp/before"
	for dir in $left; do mkdir -p "$dir" && touch "$dir/file"; done
	make --no-print-directory clean && find . -type f | sort | diff "$tmp/before" -
)
check "make clean takes what builds leave, and nothing else" cleaned
check_end
