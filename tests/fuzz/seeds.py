#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets anew, from the vectors and the generator's test schemas: tests/fuzz/X.in/NAME. Needs protoc and a build.

What a fuzzer found is kept beside them under a name that begins with found-; this program leaves it alone."""
import base64
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
VECTORS = os.path.join(HERE, "../data/vectors")
DIGIT = {"frame": b"0", "request": b"1", "response": b"2", "event": b"3"}


def put(target, name, body):
    folder = os.path.join(HERE, target + ".in")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name.replace("/", "_")), "wb") as file:
        file.write(body)


def records(name):
    with open(os.path.join(VECTORS, name), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def json_seeds():
    good = records("contract-0.14.jsonl")
    for record in good:
        body = DIGIT[record["type"]] + record["body"].encode()
        if "=" not in record["name"] and record["type"] in ("frame", "event"):
            put("fuzz_json", record["type"] + "." + record["name"], body)
        if record["type"] in ("request", "response") and ("=" not in record["name"] or record["name"].endswith("=least")):
            put("fuzz_fixed_point", record["type"] + "." + record["name"], body)
        if record["name"].startswith("err.message=") and "_after_" not in record["name"] and "length" not in record["name"]:
            put("fuzz_fixed_point", record["name"], body)
    shortest = {}
    for record in records("verdicts.jsonl"):
        if "+" in record["mutation"]:  # two at once
            continue
        body = DIGIT[record["type"]] + base64.b64decode(record["body"])
        kind = record["mutation"] + (".accepted" if record["accepted"] else "")
        if len(body) < len(shortest.get(kind, body + b" ")):
            shortest[kind] = body
    for kind, body in shortest.items():
        put("fuzz_against_json_c", kind, body)
        if not kind.endswith(".accepted") and not kind.startswith("truth"):
            put("fuzz_json", "refused." + kind, body)


def as_protobuf(kind, body):
    testee = os.path.join(os.environ.get("B", "build"), "bin/codec-testee")
    said = subprocess.run([testee, "--type", kind, "--to", "protobuf"], input=frame(body), stdout=subprocess.PIPE, check=True).stdout
    assert said[4:5] == b"A", said
    return said[5:]


def protobuf_seeds():
    for record in records("contract-0.14.jsonl"):
        if "=" in record["name"]:
            continue
        body = record["body"].encode()
        digit = DIGIT[record["type"]]
        if record["type"] in ("frame", "event"):
            put("fuzz_protobuf", record["type"] + "." + record["name"], digit + as_protobuf(record["type"], body))
        elif record["type"] == "response":
            put("fuzz_protobuf", "json." + record["type"] + "." + record["name"], bytes([digit[0] + 4]) + body)


def frame(body):
    return struct.pack("<I", len(body)) + body


def frame_seeds():
    whole = frame(b"{}") + frame(b'{"frame":"request","id":1,"request":{"op":"status"}}')
    put("fuzz_frame", "two", b"\0\0" + whole)
    put("fuzz_frame", "in-other-pieces", b"\1\2" + whole * 3)
    put("fuzz_frame", "empty-between", b"\2\2" + whole + frame(b"") + whole + frame(b""))
    put("fuzz_frame", "cut", b"\3\3" + whole + whole[:-5])
    put("fuzz_frame", "cut-head", b"\3\3" + whole + b"\1\0")
    put("fuzz_frame", "too-long", b"\4\4" + whole + struct.pack("<I", 8 * 1024 * 1024 + 1) + whole)
    put("fuzz_frame", "longest", b"\4\4" + whole + struct.pack("<I", 8 * 1024 * 1024) + whole)
    put("fuzz_frame", "wide", b"\5\5" + frame(b"x" * 5000) + whole + frame(b"y" * 3000))
    put("fuzz_frame", "many", b"\6\6" + frame(b"z") * 200)


KEY = "00000000000000000000000000000000000000000000000000000000000000%02x"


def uapi_seeds():
    peer = "public_key=" + KEY % 1 + "\nendpoint=192.0.2.1:51820\nlast_handshake_time_sec=1700000000\nlast_handshake_time_nsec=5\n" \
        "tx_bytes=1\nrx_bytes=18446744073709551615\npersistent_keepalive_interval=25\nallowed_ip=10.1.0.0/16\nallowed_ip=fd00::/64\nprotocol_version=1\n"
    other = "public_key=" + KEY % 2 + "\nendpoint=[2001:db8::1]:9\nallowed_ip=0.0.0.0/0\n"
    device = "private_key=" + KEY % 3 + "\nlisten_port=51820\nfwmark=1\n"
    put("fuzz_uapi", "dump", b"\7" + (device + peer + other + "errno=0\n\n").encode())
    put("fuzz_uapi", "bytewise", b"\0" + (device + peer + "errno=0\n\n").encode())
    put("fuzz_uapi", "empty-device", b"\x20listen_port=0\nerrno=0\n\n")
    put("fuzz_uapi", "set-and-get", b"\x20errno=0\n\n" + (device + other + "errno=0\n\n").encode())
    put("fuzz_uapi", "errors", b"\x20errno=-22\n\nerrno=x\n\nerrno=0\n\n\n\nx\n\n")
    put("fuzz_uapi", "no-errno", b"\x20" + (device + peer + "\n").encode())
    put("fuzz_uapi", "cut", b"\x03" + (device + peer).encode())


def attribute(kind, body):
    whole = struct.pack("<HH", 4 + len(body), kind) + body
    return whole + b"\0" * (-len(whole) % 4)


def nest(kind, *inner):
    return attribute(kind | 0x8000, b"".join(inner))


def prefix(text, length):
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return nest(0, attribute(1, struct.pack("<H", family)), attribute(2, socket.inet_pton(family, text)), attribute(3, bytes([length])))


def netlink_seeds():
    key = [bytes([i]) * 32 for i in range(3)]
    head = attribute(1, struct.pack("<I", 5)) + attribute(2, b"zl-overlay0\0") + attribute(6, struct.pack("<H", 51820))
    four = struct.pack("<H", socket.AF_INET) + struct.pack(">H", 9) + socket.inet_aton("192.0.2.1") + bytes(8)
    six = struct.pack("<H", socket.AF_INET6) + struct.pack(">H", 9) + bytes(4) + socket.inet_pton(socket.AF_INET6, "2001:db8::1") + bytes(4)
    facts = attribute(5, struct.pack("<H", 25)) + attribute(6, struct.pack("<qq", 1700000000, 5)) + attribute(7, bytes(8)) + attribute(8, bytes(8))
    first = nest(0, attribute(1, key[1]), attribute(4, four), facts, nest(9, prefix("10.1.0.0", 16), prefix("fd00::", 64)))
    rest = nest(0, attribute(1, key[1]), nest(9, prefix("10.2.0.0", 32)))
    other = nest(0, attribute(1, key[2]), attribute(4, six))

    def message(*attributes):
        body = b"".join(attributes)
        return struct.pack("<H", len(body)) + body

    put("fuzz_wg_netlink", "device", message(head))
    put("fuzz_wg_netlink", "peer", message(head, nest(8, first)))
    put("fuzz_wg_netlink", "two-messages", message(head, nest(8, first)) + message(nest(8, rest, other)))
    put("fuzz_wg_netlink", "no-key", message(nest(8, nest(0, facts))))
    put("fuzz_wg_netlink", "prefix-too-long", message(nest(8, nest(0, attribute(1, key[1]), nest(9, prefix("10.0.0.0", 33))))))
    put("fuzz_wg_netlink", "host-bits", message(nest(8, nest(0, attribute(1, key[1]), nest(9, prefix("10.0.0.1", 8))))))
    put("fuzz_wg_netlink", "cut", message(head, nest(8, first))[:-20])


def varint(body, at):
    value = shift = 0
    while True:
        value |= (body[at] & 0x7F) << shift
        shift += 7
        at += 1
        if body[at - 1] < 0x80:
            return value, at


def strip_imports(request):
    """The request without the files that the schema imports: they are large, and the generator only keeps them."""
    at, out, files = 0, b"", []
    while at < len(request):
        start = at
        _tag, at = varint(request, at)
        n, at = varint(request, at)
        at += n
        if request[start] >> 3 == 15:
            files.append(request[start:at])
        else:
            out += request[start:at]
    return out + files[-1]


def generator_seeds():
    gen = os.path.join(HERE, "../gen")
    schemas = [os.path.join(gen, "zoo.proto")]
    schemas += sorted(os.path.join(gen, "lint", name) for name in os.listdir(os.path.join(gen, "lint")) if name.endswith(".proto"))
    for schema in schemas:
        with tempfile.TemporaryDirectory() as tmp:
            plugin = os.path.join(tmp, "plugin")
            with open(plugin, "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\ncat >%s/request\n" % tmp)
            os.chmod(plugin, 0o755)
            subprocess.run(["protoc", "-I" + os.path.dirname(schema), "-I" + os.path.join(HERE, "../../schema"),
                            "--plugin=protoc-gen-keep=" + plugin, "--keep_out=" + tmp, os.path.basename(schema)],
                           check=True, stderr=subprocess.DEVNULL)
            with open(os.path.join(tmp, "request"), "rb") as file:
                put("fuzz_generator", os.path.basename(schema)[:-6], strip_imports(file.read()))


def connection_seeds():
    def act(what, who=0):
        return bytes([what | who << 4])

    def ask(how, who=0):
        return act(1, who) + bytes([how])

    connect, turn, wake, drain = act(6), act(7), act(9), act(11)
    read, half, close, later = act(3), act(4), act(5), act(10)
    ok, hold, wait, fail, big = range(5)
    done, refused, again = act(8) + b"\0\2", act(8) + b"\0\0", act(8) + b"\0\1"
    good = frame(b'{"frame":"request","id":3,"request":{"op":"set_local_node_id","node_id":1}}')

    def send(body, who=0):
        return act(0, who) + bytes([len(body)]) + body

    def given(n, who=0):
        return act(12, who) + bytes([n])

    put("fuzz_connections", "one-of-each", b"\1" + connect + b"".join(ask(op) + turn + read for op in (ok, wait, fail, big, hold)) + done + turn + read)
    put("fuzz_connections", "three-clients", b"\1" + connect * 3 + b"".join(ask(op, who) for who in range(3) for op in (ok, hold, big)) + turn + refused + turn + done)
    put("fuzz_connections", "both-forms", b"\1" + connect + b"".join(ask(op) + ask(op + 130) for op in (ok, wait, fail, big, hold)) + turn + done + turn + done + read)
    put("fuzz_connections", "waits", b"\1" + connect * 2 + wake + ask(wait) + ask(hold, 1) + turn + done + turn + wake + turn + read)
    put("fuzz_connections", "asked-again", b"\1" + connect + ask(hold) + turn + again + again + done)
    put("fuzz_connections", "in-two", b"\1" + connect + act(2) + bytes([ok + 15]) + act(2) + bytes([hold + 25]) + turn + done + half + turn)
    put("fuzz_connections", "half-closed", b"\1" + connect + ask(hold) + ask(ok) + half + turn + done + turn + read)
    put("fuzz_connections", "left-alone", b"\1" + connect * 2 + ask(hold) + ask(big, 1) + turn + close + act(5, 1) + turn + done)
    put("fuzz_connections", "drained", b"\1" + connect + ask(hold) + ask(hold) + ask(ok) + turn + drain + turn + done + turn)
    put("fuzz_connections", "server-closed-first", b"\0" + connect * 2 + ask(hold) + ask(big, 1) + turn)
    put("fuzz_connections", "bytes", b"\1" + connect + send(good + good[:20]) + turn + send(good[20:]) + turn + send(b"\0\0\0\0") + send(b"\xff\xff\xff\xff") + turn)
    put("fuzz_connections", "bad-bodies", b"\1" + connect + send(frame(b"garbage") + frame(b'{"frame":"response","id":1,"response":{"result":"ok"}}')) + turn)
    put("fuzz_connections", "too-late", b"\1" + connect + send(good[:20]) + turn + (later + b"\x64") * 2 + send(good[20:]) + turn)
    put("fuzz_connections", "many-large", b"\1" + connect + ask(big) * 120 + turn + read + turn)
    put("fuzz_connections", "descriptors", b"\1" + connect * 2 + given(2) + ask(ok) + turn + read + given(7) + ask(ok) + turn + given(1) + act(2) + b"\1" +
        given(3, 1) + send(good[:9], 1) + turn + given(4) + ask(hold) + turn + done + given(2, 1) + send(good[9:] + good, 1) + turn + given(5, 1) + send(good[:3], 1) + turn + close)


def guest_seeds():
    put("fuzz_guest", "lines", b"\4" + b"boot\r\n\n\xff\x1b[2Jx\nlast words")
    put("fuzz_guest", "objects", b"\2" + b'{"time":"2026-01-31T12:00:00Z","level":"fatal","msg":"a\\"}"}\n{"Source":"ETW","Level":2,"Message":"b"} \n{"a":[1,{}],\n"b":-1.5e3}{}')
    put("fuzz_guest", "almost", b"\7" + b'{oops\n{"a":{\n{"b":"\xc3\n{"c":tru}\n{"d":\n1,]}\n{"e":"cut')
    put("fuzz_guest", "response", b"\0" + b'{"Result":-2143878901,"ErrorMessage":"no","ActivityId":"11223344-5566-7788-0102-030405060708","ErrorRecords":[]}')
    put("fuzz_guest", "negotiated", b"\0" + b'{"Result":0,"Version":4,"Capabilities":{"SendHostCreateMessage":true,"GuestDefinedCapabilities":{"LogForwardingSupported":true}}}')


def main():
    for folder in os.listdir(HERE):
        if folder.endswith(".in"):
            for name in os.listdir(os.path.join(HERE, folder)):
                if not name.startswith("found-"):
                    os.remove(os.path.join(HERE, folder, name))
    json_seeds()
    protobuf_seeds()
    frame_seeds()
    uapi_seeds()
    netlink_seeds()
    generator_seeds()
    connection_seeds()
    guest_seeds()
    return 0


if __name__ == "__main__":
    sys.exit(main())
