#!/bin/sh
# The package for Rust: what its people check, its own tests, all vectors, a real daemon.
set -u
B=$(cd "${B:-build}" && pwd)
top=$(cd "$(dirname "$0")/../.." && pwd)
examples=$B/rust/debug/examples
. tests/check.sh
export B CARGO_TARGET_DIR="$B/rust" CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0 CARGO_TERM_COLOR=never RUST_BACKTRACE=0
cd "$top/client/rust" || exit

offline() { # SUBCOMMAND ARGUMENTS...
	subcommand=$1
	shift
	timeout 300 cargo "$subcommand" -q --offline "$@"
}

if ! command -v cargo >/dev/null; then
	check_skip all "no cargo here; make deps-all installs it"
	check_end
	exit
fi
if ! timeout 120 cargo fetch -q --locked --target "$(rustc -vV | sed -n 's/^host: //p')" 2>"$check_said"; then
	check_skip all "the crates of Cargo.lock can't be fetched: $(tail -n 1 "$check_said")"
	check_end
	exit
fi

# ---- the ecosystem's checks ----
documentation() { RUSTDOCFLAGS="-D warnings" offline doc --locked --no-deps --all-features; }
if cargo fmt --version >/dev/null 2>&1; then
	check "rustfmt" cargo fmt --check
else
	check_skip "rustfmt" "not installed"
fi
if cargo clippy --version >/dev/null 2>&1; then
	check "clippy" offline clippy --locked --all-features --all-targets -- -D warnings
	check "clippy without tokio" offline clippy --locked --all-targets -- -D warnings
else
	check_skip "clippy" "not installed"
	check_skip "clippy without tokio" "not installed"
fi
check "documentation" documentation

# ---- its own tests ----
check "unit tests" offline test --locked --all-features

# What the generator makes of another schema, with clients that send nothing.
another_schema() {
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
	offline test --all-features --lib --manifest-path "$zoo/Cargo.toml"
}
check "another schema" another_schema

# ---- the vectors ----
for vectors in contract-0.12 contract-0.13 contract-0.14 older-lines verdicts; do
	if command -v python3 >/dev/null; then
		check "$vectors" timeout 120 python3 "$top/tests/client/vectors.py" "$top/tests/data/vectors/$vectors.jsonl" "$examples/codec_testee"
		tail -n 1 "$check_said"
	else
		check_skip "$vectors" "no python3 here; make deps-all installs it"
	fi
done

check "the conformance suite" timeout 120 "$B/bin/overlay-conform" codec --vectors "$top/tests/data/vectors" --known "$top/tests/conformance/known/rust.txt" -- "$examples/codec_testee"

# ---- a real daemon ----
root=
[ "$(id -u)" -eq 0 ] || root=-Ur
live() { # COMMAND: with the daemon's directory in $DATA_DIR, a process in a network namespace of its own in $CONTAINER_PID
	# shellcheck disable=SC2086
	timeout 60 unshare $root --mount --net --pid --fork --kill-child --mount-proc sh -c '
		mount -t tmpfs tmpfs /run && ip link set lo up || exit
		PATH=$B/bin:$PATH:/usr/sbin:/sbin
		export DATA_DIR=/run/node
		overlayd --data-dir $DATA_DIR >/run/log 2>&1 &
		unshare --net sleep 1000 &
		export CONTAINER_PID=$!
		while [ "$(readlink /proc/$$/ns/net)" = "$(readlink /proc/$CONTAINER_PID/ns/net)" ]; do sleep 0.01; done
		eval "$1" || { cat /run/log; exit 1; }' sh "$1"
}
clients='cargo test -q --offline --locked --all-features --test daemon -- --ignored'
attach='
	socket=$DATA_DIR/run/zlayer-overlayd.sock
	until overlayctl --data-dir $DATA_DIR status >/dev/null; do sleep 0.02; done
	overlayctl --data-dir $DATA_DIR setup-global-overlay --deployment d --instance-id 1 \
		--cluster-cidr 10.200.0.0/16 --slice-cidr 10.200.4.0/24 --wg-port 0 &&
	address=$('$examples'/attach $socket $CONTAINER_PID web) &&
	nsenter --target $CONTAINER_PID --net ip -o address show eth0 | grep -F " $address/" &&
	'$examples'/attach_tokio $socket web $CONTAINER_PID 4194304 >/run/said && cat /run/said &&
	grep -qxF "$CONTAINER_PID: $address" /run/said && grep -q "^4194304: .*process" /run/said'
# shellcheck disable=SC2086
if [ ! -w /dev/net/tun ]; then
	check_skip "a real daemon" "this user may not open /dev/net/tun"
	check_skip "the examples" "this user may not open /dev/net/tun"
elif ! unshare $root --mount --net true 2>/dev/null; then
	check_skip "a real daemon" "no namespaces here"
	check_skip "the examples" "no namespaces here"
else
	check "a real daemon" live "$clients"
	check "the examples" live "$attach"
fi
check_end
