#!/bin/sh
# The reference's examples are frames that the codec reads: each is given to the testee, and comes back as it stands.
set -u
B=${B:-build}
. tests/check.sh

bodies() { sed -n 's/^\({"frame":.*}\)$/\1/p' docs/reference.md; }
come_back() { # through the codec, framed as the testee has it
	bodies | python3 -c '
import struct, subprocess, sys
bodies = [line.rstrip("\n").encode() for line in sys.stdin]
assert len(bodies) > 40, len(bodies)
said = subprocess.run([sys.argv[1], "--type", "frame"], input=b"".join(struct.pack("<I", len(b)) + b for b in bodies), capture_output=True).stdout
for body in bodies:
    n, = struct.unpack_from("<I", said)
    answer, said = said[4:4 + n], said[4 + n:]
    assert answer == b"A" + body, (body, answer)
' "$B/bin/codec-testee"
}
each_operation_has_one() {
	"$B/bin/overlayctl" help | sed -n '/^Commands/,/^  call/s/^  \([a-z-]*\)  .*/\1/p' | tr - _ | while read -r op; do
		[ "$op" = call ] || bodies | grep -q "\"op\":\"$op\"" || echo "no example of $op"
	done | { ! grep .; }
}
placeholders_are_gone() { ! grep -n '^@' docs/reference.md docs/reference.html; }

check "every placeholder is filled" placeholders_are_gone
check "each operation has an example" each_operation_has_one
if command -v python3 >/dev/null; then
	check "the codec reads the examples and writes them again" come_back
else
	check_skip "the codec reads the examples and writes them again" "no python3 here"
fi
check_end
