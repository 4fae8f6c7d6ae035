#!/bin/sh
# The systemd units: overlayd under exactly what they allow, and the signals, the socket and the watchdog as they say. systemd itself is not needed.
set -u
. tests/check.sh
case ${B:-build} in *asan*)
	check_skip all "a sanitizer asks more of the kernel than overlayd does"
	check_end
	exit
	;;
esac
if [ "$(id -u)" -ne 0 ]; then
	check_skip all "who is not root may not restrict itself so"
	check_end
	exit
fi
python=/usr/bin/python3
for need in systemd-analyze $python; do
	command -v $need >/dev/null && continue
	check_skip all "$need is missing"
	check_end
	exit
done
if ! $python -c 'import ctypes; ctypes.CDLL("libseccomp.so.2")' 2>/dev/null; then
	check_skip all "libseccomp is missing"
	check_end
	exit
fi
check_needs_tun
check_in_namespaces
top=$(pwd)
B=$(cd "${B:-build}" && pwd)
unit=$top/server/systemd/overlayd.service
mount -t tmpfs none /run
mkdir /run/t
ip link set lo up

# ---- the files ----

mkdir /run/t/units
sed "s|/usr/local/sbin|$B/bin|" "$unit" >/run/t/units/overlayd.service
cp "$top/server/systemd/overlayd.socket" /run/t/units/
verify() { systemd-analyze verify --man=no /run/t/units/* 2>&1 | tee /run/t/said; [ ! -s /run/t/said ]; }
check "systemd finds nothing to say of them" verify
of_unit() { sed -n "s/^$1=//p" "$unit"; }

# ---- the fence holds: what a root of this unit may not do ----

restricted() { $python "$top/tests/server/systemd/restrict.py" "$@"; }
may() { check "$1" restricted "$unit" sh -c "$2"; }
mask=$($python -c '
import re, sys
text = open("/usr/include/linux/capability.h").read()
print("%016x" % sum(1 << int(re.search(name + r"\s+(\d+)", text)[1]) for name in sys.argv[1:]))' $(of_unit CapabilityBoundingSet))
may "has the capabilities of the unit and no others" "for set in Prm Eff Bnd Amb; do grep \"Cap\$set:.$mask\" /proc/self/status || exit 1; done"
may "can't get more" "grep 'NoNewPrivs:.1' /proc/self/status"
may "writes where it has to" "touch /run/wireguard/x /run/zlayer/x /var/lib/zlayer/x /var/log/zlayer/x && echo 1 >/proc/sys/net/ipv4/conf/lo/forwarding"
may "and nowhere else" "! touch /etc/x && ! touch /usr/x && ! touch /run/x && ! touch $top/x && ! touch /sys/fs/cgroup/x"
may "sees nobody's home" "! ls /root && ! ls /home/*"
may "has the devices that it needs" "test -c /dev/net/tun && test -c /dev/null && ! test -e /dev/kmsg && ! test -e /dev/mem"
may "enters network namespaces and no others" "unshare --net true && ! unshare --mount true && ! unshare --uts true && ! unshare --pid true"
may "mounts nothing" "! mount -t tmpfs none /tmp"
may "gives no file another's rights" "touch /tmp/x && chmod 755 /tmp/x && ! chmod 4755 /tmp/x && ! chown 1 /tmp/x"
may "opens sockets of its families alone" "$python -c '
import socket
for family in socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK:
    socket.socket(family, socket.SOCK_DGRAM).close()
for family in socket.AF_PACKET, socket.AF_VSOCK, socket.AF_ALG:
    try:
        socket.socket(family, socket.SOCK_RAW)
    except OSError as e:
        assert e.errno == 97, e
    else:
        raise SystemExit(1)'"
may "has no memory to write code to" "! $python -c 'import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)'"

# ---- the main job, in the fence ----

mount -t tmpfs none /srv # the demonstration covers /run and /mnt
mkdir -p /srv/shim/bin
for program in "$B"/bin/*; do ln -s "$program" /srv/shim/bin/; done
rm /srv/shim/bin/overlayd
cat >/srv/shim/bin/overlayd <<END
#!/bin/sh
exec $python $top/tests/server/systemd/restrict.py --writable "\$2" $unit $B/bin/overlayd "\$@"
END
chmod +x /srv/shim/bin/overlayd
job() { B=/srv/shim timeout 120 tests/demo/run; }
check "the demonstration runs" job

# ---- socket, watchdog, signals ----

mount -t tmpfs none /var/lib
mount -t tmpfs none /var/log
mkdir /var/lib/zlayer /var/log/zlayer
$python -c '
import os, socket
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind("/run/t/notify")
while True:
    state = manager.recv(4096).decode()
    with open("/run/t/told", "a") as told:
        print(state, file=told)' &
until [ -e /run/t/notify ]; do sleep 0.02; done

ctl() { "$B/bin/overlayctl" "$@"; }
start() {
	rm -f /run/t/told /run/zlayer-overlayd.sock
	NOTIFY_SOCKET=/run/t/notify WATCHDOG_USEC=300000 $python "$top/tests/server/systemd/restrict.py" --listen /run/zlayer-overlayd.sock "$unit" "$B/bin/overlayd" 2>/run/t/log &
	daemon=$!
	until [ -e /run/zlayer-overlayd.sock ]; do sleep 0.02; done
}
ended() { # STATUS
	wait "$daemon"
	code=$?
	echo "ended with $code"
	[ "$code" -eq "$1" ]
}
told() { # STATE: to the service manager, by and by
	for _ in $(seq 100); do
		grep -qx "$1" /run/t/told && return
		sleep 0.05
	done
	cat /run/t/told
	return 1
}

start
check "who connects before it is up is answered" ctl --timeout 20 status
check "READY=1" told READY=1
check "it serves at the socket that it was given" grep 'serving at /run/zlayer-overlayd.sock, data in /var/lib/zlayer' /run/t/log
check "WATCHDOG=1" told WATCHDOG=1
ctl setup-global-overlay --deployment d --instance-id 1 --cluster-cidr 10.200.0.0/16 --slice-cidr 10.200.4.0/24 --wg-port 0 >/dev/null
ctl setup-service-overlay --service web --mode isolated >/dev/null
unshare --net sleep 1000 &
guest=$!
while [ "$(readlink /proc/$guest/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
check "attach" ctl attach-container --handle linux_pid:$guest --service web --join-global
go=$(pgrep -x wireguard-go)
kill -s "$(of_unit RestartKillSignal | sed s/SIG//)" $daemon
check "restarted: ended with the status that the unit takes for success" ended "$(of_unit SuccessExitStatus)"
check "STOPPING=1" told STOPPING=1
check "the tunnel is there" ip link show zl-d-1-g
check "the socket is there" test -S /run/zlayer-overlayd.sock

start
check "started again" ctl --timeout 20 status
check "the same wireguard-go" test "$(pgrep -x wireguard-go)" = "$go"
ctl detach-container --handle linux_pid:$guest >/dev/null
kill -s "$(of_unit KillSignal | sed s/SIG//)" $daemon
check "stopped: ended with 0" ended 0
check "nothing is left" sh -c '! ip -o link | grep zl- && ! nft list table inet overlayd'
check "but the socket" test -S /run/zlayer-overlayd.sock
quiet() { ! grep -E ' (warn|error) ' /run/t/log /var/log/zlayer/overlayd.log; }
check "nothing was refused that it wanted" quiet
check_end
