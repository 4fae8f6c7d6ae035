#!/bin/sh
# Installs what the build, the demonstration and the tests need and this machine lacks: Debian 12.
set -eu
packages="build-essential pkg-config protobuf-compiler protobuf-c-compiler libprotobuf-c-dev libprotobuf-dev libprotoc-dev
libjson-c-dev libnl-route-3-dev libuv1-dev libnftables-dev libnftnl-dev libmnl-dev libsodium-dev liblmdb-dev
wireguard-go iproute2 nftables iptables iputils-ping util-linux procps $*"
missing=
for package in $packages; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
	echo "missing packages, to be installed as root: apt-get install$missing" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
apt-get install -y --no-install-recommends $missing || { apt-get update && apt-get install -y --no-install-recommends $missing; }
