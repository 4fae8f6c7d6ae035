#!/bin/sh
# What `make windows` makes: the same bytes when it is made again elsewhere, and no DLL but those of every Windows.
set -u
B=${B:-build}
W=$B-windows
. tests/check.sh

again() {
	rm -rf "$W/again"
	${MAKE:-make} --no-print-directory W="$W/again" windows-programs || return 1
	for program in "$W"/bin/* "$W"/lib/*; do
		cmp "$program" "$W/again${program#"$W"}" || return 1
	done
	rm -rf "$W/again"
}
check the_same_bytes again

system_dlls() {
	for program in "$W"/bin/*; do
		x86_64-w64-mingw32-objdump -p "$program" | awk -v of="$program" 'BEGIN {
			n = split("KERNEL32 msvcrt ADVAPI32 USER32 WS2_32 IPHLPAPI PSAPI USERENV ole32 SHELL32 dbghelp bcrypt", names, " ")
			for (i = 1; i <= n; i++)
				known[toupper(names[i] ".dll")] = 1
		}
		$1 == "DLL" && !(toupper($3) in known) { print of " wants " $3; bad = 1 }
		$1 == "DLL" { seen = 1 }
		END { exit bad || !seen }' || return 1
	done
}
check system_dlls system_dlls

library() { # a program that knows nothing but the header
	cat >"$W/use.c" <<-'EOT'
		#include <errno.h>
		#include <stdio.h>
		#include "client/overlayd.h"
		int main(void)
		{
			struct ovd_client *client;
			int r = ovd_client_open("\\\\.\\pipe\\nobody", 1, &client);

			puts(r == -ENOENT ? "nobody there" : "?");
			return 0;
		}
	EOT
	x86_64-w64-mingw32-gcc -I. -I"$B" -static -o "$W/use.exe" "$W/use.c" "$W/lib/liboverlayd-client.a" -lpthread &&
		[ "$($WINE "$W/use.exe" | tr -d '\r')" = "nobody there" ]
}
check the_client_library_is_enough library

check_end
