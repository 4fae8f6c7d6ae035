#!/bin/sh
# The Rust package: the ecosystem's checks, its own tests, all vectors, the real daemon in private namespaces.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
B=$(cd "${B:-build}" && pwd)
export B CARGO_TARGET_DIR="$B/rust" CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0 CARGO_TERM_COLOR=never RUST_BACKTRACE=0
export VECTORS="$top/tests/data/vectors" CODEC_TESTEE="$B/rust/debug/examples/codec_testee"
cd "$top/client/rust" || exit 1

# ---- with the daemon: runs in namespaces of its own ----

serve() {
	mount -t tmpfs tmpfs /run && ip link set lo up || return
	PATH=$B/bin:$PATH:/usr/sbin:/sbin
	overlayd --data-dir /run/node 2>/run/log &
	tries=500
	until overlayctl --data-dir /run/node status >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { cat /run/log; return 1; }
		sleep 0.02
	done
	unshare --net sleep 1000 &
	export DATA_DIR=/run/node CONTAINER_PID=$!
	while [ "$(readlink /proc/$$/ns/net)" = "$(readlink /proc/$CONTAINER_PID/ns/net)" ]; do sleep 0.01; done
}
case ${1:-} in
daemon)
	serve && cargo test -q --offline --locked --all-features --test daemon -- --ignored && exit 0
	cat /run/log
	exit 1
	;;
examples)
	serve && overlayctl --data-dir /run/node setup-global-overlay --deployment d --instance-id 1 --cluster-cidr 10.200.0.0/16 \
		--slice-cidr 10.200.4.0/24 --wg-port 0 || exit 1
	address=$("$B/rust/debug/examples/attach" /run/node/run/zlayer-overlayd.sock "$CONTAINER_PID" web) || exit 1
	nsenter --target "$CONTAINER_PID" --net ip -o address show eth0 | grep -q " $address/" || exit 1
	"$B/rust/debug/examples/attach_tokio" /run/node/run/zlayer-overlayd.sock web "$CONTAINER_PID" 4194304 >/run/said || exit 1
	grep -qx "$CONTAINER_PID: $address" /run/said && grep -q '^4194304: .*process' /run/said && exit 0
	cat /run/said
	exit 1
	;;
esac

# ---- everything ----

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0 skipped=0
check() { # NAME COMMAND...
	name=$1
	shift
	if "$@" >"$tmp/out" 2>&1 </dev/null; then
		passed=$((passed + 1))
		echo "test_rust $name - ok"
	else
		failed=$((failed + 1))
		cat "$tmp/out"
		echo "test_rust $name - FAILED"
	fi
}
skip() { # NAME REASON
	skipped=$((skipped + 1))
	echo "test_rust $1 - SKIPPED: $2"
}
finish() {
	echo "test_rust: $passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
	exit
}
offline() { # SUBCOMMAND ARGUMENTS...
	subcommand=$1
	shift
	timeout 300 cargo "$subcommand" -q --offline --locked "$@"
}
docs() { RUSTDOCFLAGS="-D warnings" offline doc --no-deps --all-features; }

# What the generator makes of another schema, with clients that do nothing.
zoo() {
	zoo=$B/rust/zoo
	rm -rf "$zoo" && mkdir -p "$zoo/src" || return
	sed '/^\[\[/,$d; s/^name = .*/name = "zoo"/' Cargo.toml >"$zoo/Cargo.toml"
	sed 's/^name = "overlayd-client"/name = "zoo"/' Cargo.lock >"$zoo/Cargo.lock"
	cp src/wire.rs "$top/tests/gen/zoo/client/rust/src/protocol.rs" "$zoo/src" || return
	cat >"$zoo/src/lib.rs" <<-'RUST'
		#![deny(missing_docs)]
		//! A zoo.
		pub mod protocol;
		mod wire;
		/// Anything.
		#[derive(Debug)]
		pub struct Error;
		/// For threads.
		pub mod blocking {
		    /// Sends nothing.
		    pub struct Client;
		    impl Client {
		        pub(crate) fn call<A>(&self, _: crate::wire::Call<A>) -> Result<A, crate::Error> { Err(crate::Error) }
		    }
		}
		/// For tokio.
		pub mod tokio {
		    /// Sends nothing.
		    pub struct Client;
		    impl Client {
		        pub(crate) async fn call<A>(&self, _: crate::wire::Call<A>) -> Result<A, crate::Error> { Err(crate::Error) }
		    }
		}
		#[test]
		fn another_schema() {
		    use protocol::{Animal, Feed, Food, Request};
		    let feed = Request::Feed(Feed::new(Animal::new("a", Food::Meat), 3));
		    let text = r#"{"op":"feed","called":"a","food":"raw_meat","grams":3,"place":{"where":"cage"},"slowly":true}"#;
		    assert_eq!(serde_json::to_string(&feed).unwrap(), text);
		    let least = r#"{"grams":3,"food":"raw_meat","called":"a","op":"feed"}"#;
		    assert_eq!(serde_json::from_str::<Request>(least).unwrap(), feed);
		    assert!(serde_json::from_str::<Request>(&text.replace("true", "null")).is_err());
		}
	RUST
	timeout 300 cargo test -q --offline --all-features --lib --manifest-path "$zoo/Cargo.toml"
}

if ! command -v cargo >/dev/null; then
	skip "everything" "no cargo here; make deps-all installs it"
	finish
fi
host=$(rustc -vV | sed -n 's/^host: //p')
if ! timeout 120 cargo fetch -q --locked --target "$host" 2>"$tmp/out"; then
	skip "everything" "the crates of Cargo.lock can't be fetched: $(tail -n 1 "$tmp/out")"
	finish
fi
if cargo fmt --version >/dev/null 2>&1; then
	check "rustfmt" cargo fmt --check
else
	skip "rustfmt" "not installed"
fi
if cargo clippy --version >/dev/null 2>&1; then
	check "clippy" offline clippy --all-features --all-targets -- -D warnings
	check "clippy without tokio" offline clippy --all-targets -- -D warnings
else
	skip "clippy" "not installed"
fi
check "documentation" docs
check "its own tests" offline test --all-features
check "another schema" zoo
check "vectors" offline test --all-features --test vectors -- --ignored --nocapture
sed -n 's/^\.*\(contract-\|verdicts: \)/  \1/p' "$tmp/out"

root=
[ "$(id -u)" -eq 0 ] || root=-Ur
if [ ! -w /dev/net/tun ]; then
	skip "the daemon" "this user may not open /dev/net/tun"
elif ! unshare $root --mount --net true 2>/dev/null; then
	skip "the daemon" "no namespaces here"
else
	for part in daemon examples; do
		check "$part" unshare $root --mount --net --pid --fork --kill-child --mount-proc timeout 60 "$here/test_rust.sh" $part
	done
fi
finish
