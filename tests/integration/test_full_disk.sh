#!/bin/sh
# A disk that is full, or read-only: who asks is told, and what is written down stays true.
set -u
. tests/check.sh
check_in_namespaces
. tests/integration/daemon.sh
mount -t tmpfs -o size=1m none /run/d

fill() { ! dd if=/dev/zero of=/run/d/fill bs=4k 2>/dev/null; }
refused() { # WHY COMMAND...: it fails, and says so
	why=$1
	shift
	! "$@" >/run/t/said 2>&1 && grep -F "$why" /run/t/said
}
lent() { ctl --json allocate-ip --service web | sed -n 's/.*"ip": *"\([0-9.]*\)".*/\1/p'; }

start
ctl setup-service-overlay --service web --mode isolated >/dev/null
ip=$(lent)
fill
check "an address can't be given back" refused "release_ip: write the store: No space left on device" ctl release-ip --ip "$ip"
check "nor lent" refused "allocate_ip: write the store: No space left on device" ctl allocate-ip --service web
check "nor is a service made" refused "write the store: No space left on device" ctl setup-service-overlay --service other --mode isolated
rm /run/d/fill
end
start
check "the next daemon knows the same" sh -c "! '$B/bin/overlayctl' --socket /run/d/run/zlayer-overlayd.sock status | grep other"
check "the address can be given back now" ctl release-ip --ip "$ip"
check "and is lent again" sh -c "for _ in \$(seq 62); do '$B/bin/overlayctl' --socket /run/d/run/zlayer-overlayd.sock --json allocate-ip --service web; done | grep '\"$ip\"'"
end

# ---- at the start ----

starts_not() { # WHY: a daemon doesn't come up, and says so
	timeout 10 "$B/bin/overlayd" --data-dir /run/d >/run/t/said 2>&1
	[ $? -eq 1 ] && grep -F "$1" /run/t/said
}

mount -t tmpfs none /run/d/run
start
ctl setup-service-overlay --service web --mode isolated >/dev/null
ip=$(lent)
end
rm -r /run/d/store.copy
fill
start
check "a full disk under what was written keeps no daemon from starting" ctl release-ip --ip "$ip"
check "it says what it can't write" grep "store.copy can't be written: No space left on device" /run/t/out
end
rm /run/d/fill
umount /run/d/run
mount -t tmpfs -o size=4k none /run/d/run
check "no room for the store" sh -c 'head -c 4096 /dev/zero >/run/d/run/fill'
check "is told, with the directory" starts_not "store /run/d/run/store: No space left on device"
umount /run/d/run
mount -t tmpfs -o ro none /run/d/run
check "so is one that may not be written" starts_not "store /run/d/run/store: Read-only file system"
umount /run/d/run
check_end
