"""Drives a codec testee with the vectors: vectors.py FILE COMMAND...

The command speaks what build/bin/codec-testee does. Of contract-*.jsonl and older-lines.jsonl every
body must be accepted and come back as its canonical form; of verdicts.jsonl those that all must
accept. How many others it refuses is told; only with STRICT in the environment must it be all.
"""

import base64
import json
import os
import pathlib
import subprocess
import sys


def older(data):
    """What an older line's body is written as, where that differs."""
    lines = (data / "older-lines.jsonl").read_text("utf-8").split("\n")
    records = [json.loads(line) for line in lines if line]
    return {(r["type"], r["body"]): r["canonical"] for r in records}


def records(path):
    """(type, name, body, canonical or None for what must be refused)"""
    newest = older(path.parent)
    for line in path.read_text("utf-8").split("\n"):
        if not line:
            continue
        r = json.loads(line)
        if "mutation" in r:
            accepted = r["accepted"] and not r["strict"]
            yield (
                r["type"],
                r["mutation"],
                base64.b64decode(r["body"]),
                r["canonical"] if accepted else None,
            )
        else:
            canonical = newest.get((r["type"], r["body"]), r["body"])
            yield r["type"], r["name"], r["body"].encode(), canonical


class Testee:
    def __init__(self, command, kind):
        self.process = subprocess.Popen(
            [*command, "--type", kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ask(self, body):
        self.process.stdin.write(len(body).to_bytes(4, "little") + body)
        self.process.stdin.flush()
        head = self.process.stdout.read(4)
        answer = self.process.stdout.read(int.from_bytes(head, "little"))
        if not answer:
            sys.exit("the testee ended")
        return answer[:1], answer[1:]

    def end(self):
        self.process.stdin.close()
        if self.process.wait() != 0:
            sys.exit("the testee ended with a fault")


def main():
    path, command = pathlib.Path(sys.argv[1]), sys.argv[2:]
    testees, failed, accepted, refused, lax = {}, 0, 0, 0, 0
    for kind, name, body, canonical in records(path):
        if kind not in testees:
            testees[kind] = Testee(command, kind)
        verdict, text = testees[kind].ask(body)
        if canonical is None:
            refused += verdict == b"R"
            lax += verdict != b"R"
            if verdict != b"R" and os.environ.get("STRICT"):
                print(f"{kind} {name}: accepted {body[:200]!r}")
        elif (verdict, text) == (b"A", canonical.encode()):
            accepted += 1
        else:
            failed += 1
            print(f"{kind} {name}: {body[:200]!r}\n  gave {verdict.decode()} {text[:200]!r}")
    for testee in testees.values():
        testee.end()
    print(f"{accepted} accepted as they must be, {failed} not", end="; ")
    print(f"{refused} of {refused + lax} others refused")
    sys.exit(failed > 0 or accepted == 0 or (lax > 0 and bool(os.environ.get("STRICT"))))


main()
