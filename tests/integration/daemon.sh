# For test scripts, after check_in_namespaces: `. tests/integration/daemon.sh`. One daemon with its data in /run/d, which is a tmpfs.
B=$(cd "${B:-build}" && pwd)
PATH=$B/bin:$PATH:/usr/sbin:/sbin
mount -t tmpfs none /run
mkdir /run/d /run/t
ip link set lo up

ctl() { overlayctl --data-dir /run/d "$@"; }

start() { # ARGUMENT...: a daemon, its pid in $daemon
	overlayd --data-dir /run/d "$@" >>/run/t/out 2>&1 7<&- &
	daemon=$!
	until ctl status >/dev/null 2>&1; do
		sleep 0.02
		kill -0 $daemon 2>/dev/null || { cat /run/t/out; exit 1; }
	done
}

end() { # without a word
	kill -9 $daemon
	wait $daemon 2>/dev/null
}
