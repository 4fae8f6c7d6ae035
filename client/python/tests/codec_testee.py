"""Bodies on standard input, each after its length, u32 little-endian; for each, likewise, A and the
canonical body, or R and the reason.
"""

from __future__ import annotations

import argparse
import sys

import overlayd


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--type", required=True, choices=["frame", "request", "response", "event"])
    kind = parser.parse_args().type
    decode = getattr(overlayd, f"decode_{kind}")
    encode = getattr(overlayd, f"encode_{kind}")
    while head := sys.stdin.buffer.read(4):
        body = sys.stdin.buffer.read(int.from_bytes(head, "little"))
        try:
            answer = b"A" + encode(decode(body))
        except overlayd.DecodeError as error:
            answer = b"R" + str(error).encode(errors="replace")
        sys.stdout.buffer.write(len(answer).to_bytes(4, "little") + answer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
