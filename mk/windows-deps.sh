#!/bin/sh
# windows-deps.sh DIR: what the Windows programs link, for mingw-w64, from Debian's source packages, which apt checks: DIR/include and DIR/lib.
# Nothing of the machine changes: apt's lists are kept in DIR. No configure step: what the few config headers would say of mingw is said here.
set -eu
mkdir -p "$1"
cd "$1"
dir=$PWD CC=x86_64-w64-mingw32-gcc AR=x86_64-w64-mingw32-ar
# Names in messages of the libraries, which would hold where this was built.
flags="-O2 -w -ffile-prefix-map=$dir=."

fetch() { # PACKAGE...
	apt-get indextargets --format '$(CREATED_BY) $(ORIGIN) $(REPO_URI) $(CODENAME) $(COMPONENT)' |
		awk '$1 == "Packages" && $2 == "Debian" && $4 !~ /-/ && $5 == "main" {
			print "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] " $3, $4, $5; exit }' >apt.list
	[ -s apt.list ] || { echo "windows-deps: no Debian mirror in apt's configuration" >&2; exit 1; }
	mkdir -p lists/partial
	set -- "$@" -o Dir::Etc::sourcelist="$dir/apt.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$dir/lists" \
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User="$(id -un)"
	apt-get -qq update -o Dir::Etc::sourcelist="$dir/apt.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$dir/lists" \
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User="$(id -un)"
	apt-get -qq source "$@" >/dev/null
}

library() { # NAME FLAGS SOURCE...: lib/libNAME.a
	name=$1 more=$2
	shift 2
	echo "AR   $dir/lib/lib$name.a"
	mkdir -p "objects/$name"
	# Each source's object has a number: names repeat.
	i=0
	for source; do
		i=$((i + 1))
		printf '%s %s\n' "$source" "objects/$name/$(printf '%03d' $i).o"
	done | xargs -P "$(nproc)" -n 2 sh -c "exec $CC $flags $more -c \"\$0\" -o \"\$1\""
	rm -f "lib/lib$name.a"
	$AR rcsD "lib/lib$name.a" "objects/$name"/*.o
}

rm -rf include lib objects protobuf-c-* json-c-* libuv1-* libsodium-*
mkdir -p include lib
fetch protobuf-c json-c libuv1 libsodium

mkdir -p include/protobuf-c
cp protobuf-c-*/protobuf-c/protobuf-c.h include/protobuf-c/
library protobuf-c "-I$(echo protobuf-c-*/)" protobuf-c-*/protobuf-c/protobuf-c.c

mkdir -p include/json-c
cd json-c-*/
echo '#define JSON_C_HAVE_INTTYPES_H 1' >json_config.h
for name in FCNTL_H INTTYPES_H LIMITS_H STDARG_H STDINT_H STDLIB_H STRING_H SYS_STAT_H SYS_TYPES_H UNISTD_H WINDOWS_H \
	DECL_INFINITY DECL_ISINF DECL_ISNAN DECL_NAN OPEN SNPRINTF STRDUP STRERROR STRNCASECMP STRTOLL STRTOULL VASPRINTF VPRINTF VSNPRINTF; do
	echo "#define HAVE_$name 1"
done >config.h
printf '#define %s\n' 'SIZEOF_INT 4' 'SIZEOF_LONG 4' 'SIZEOF_LONG_LONG 8' 'SIZEOF_INT64_T 8' 'SIZEOF_SIZE_T 8' 'SIZEOF_SSIZE_T 8' \
	'STDC_HEADERS 1' 'json_c_strtoll strtoll' 'json_c_strtoull strtoull' >>config.h
sed 's/@JSON_H_JSON_PATCH@//; s/@JSON_H_JSON_POINTER@/#include "json_pointer.h"/' json.h.cmakein >json.h
cp ./*.h ../include/json-c/
cd ..
library json-c "-D_GNU_SOURCE -D_WIN32_WINNT=0x0A00 -D__USE_MINGW_ANSI_STDIO=1 -I$(echo json-c-*/)" json-c-*/*.c

cp -r libuv1-*/include/uv.h libuv1-*/include/uv include/
library uv "-DWIN32_LEAN_AND_MEAN -D_WIN32_WINNT=0x0A00 -I$(echo libuv1-*/include) -I$(echo libuv1-*/src)" libuv1-*/src/*.c libuv1-*/src/win/*.c

cp -r libsodium-*/src/libsodium/include/sodium.h libsodium-*/src/libsodium/include/sodium include/
cp libsodium-*/builds/msvc/version.h include/sodium/
# shellcheck disable=SC2046
library sodium "-DSODIUM_STATIC -DNATIVE_LITTLE_ENDIAN=1 -DHAVE_TI_MODE=1 -D_WIN32_WINNT=0x0A00 -Iinclude -Iinclude/sodium" \
	$(find libsodium-*/src/libsodium -name '*.c' | LC_ALL=C sort)
rm -rf objects lists
touch stamp
