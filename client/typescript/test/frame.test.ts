import assert from "node:assert/strict";
import { test } from "node:test";

import { frameOf, FrameReader, maxBodyBytes } from "../src/frame.js";
import { EncodeError, ProtocolError } from "../src/index.js";

function readAll(chunks: readonly Buffer[]): string[] {
  const reader = new FrameReader();
  const bodies: string[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let body = reader.next(); body !== undefined; body = reader.next())
      bodies.push(body.toString());
  }
  return bodies;
}

test("a frame is its length, little-endian, and its body", () => {
  assert.deepEqual(frameOf(Buffer.from("abc")), Buffer.from("\x03\0\0\0abc"));
});

test("frames come out of any cut of the stream", () => {
  const bodies = ["a", "", "bc", "x".repeat(300), "d"];
  const stream = Buffer.concat(bodies.map((body) => frameOf(Buffer.from(body))));
  for (let size = 1; size <= stream.length; size++) {
    const chunks: Buffer[] = [];
    for (let at = 0; at < stream.length; at += size) chunks.push(stream.subarray(at, at + size));
    assert.deepEqual(readAll(chunks), bodies, `chunks of ${size.toString()}`);
  }
});

test("part of a frame is no frame", () => {
  assert.deepEqual(readAll([Buffer.from("\x03\0\0")]), []);
  assert.deepEqual(readAll([Buffer.from("\x03\0\0\0ab")]), []);
});

test("a body may have 8 MiB and no byte more", () => {
  const most = Buffer.alloc(maxBodyBytes, 0x20);
  assert.equal(readAll([frameOf(most)])[0]?.length, 8_388_608);
  assert.throws(() => frameOf(Buffer.alloc(maxBodyBytes + 1)), EncodeError);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(maxBodyBytes + 1);
  assert.throws(() => readAll([head]), ProtocolError);
});
