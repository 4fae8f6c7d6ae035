/**
 * A codec testee: `testee.js --type frame|request|response|event`. Bodies on standard input, each
 * after its length, u32 little-endian; for each, likewise, A and the canonical body, or R and the
 * reason.
 */
import { parseArgs } from "node:util";

import { frameOf, FrameReader } from "../src/frame.js";
import { Event, Frame, Request, Response } from "../src/index.js";

const recoders = new Map<string, (body: Uint8Array) => Uint8Array>([
  ["frame", (body) => Frame.encode(Frame.decode(body))],
  ["request", (body) => Request.encode(Request.decode(body))],
  ["response", (body) => Response.encode(Response.decode(body))],
  ["event", (body) => Event.encode(Event.decode(body))],
]);

const { values } = parseArgs({ options: { type: { type: "string" } } });
const recode = recoders.get(values.type ?? "");
if (recode === undefined) {
  console.error("usage: testee --type frame|request|response|event");
  process.exit(2);
}

const reader = new FrameReader();
for await (const chunk of process.stdin) {
  reader.push(chunk as Buffer);
  for (let body = reader.next(); body !== undefined; body = reader.next()) {
    let answer: Buffer;
    try {
      answer = Buffer.concat([Buffer.from("A"), recode(body)]);
    } catch (error) {
      answer = Buffer.from(`R${(error as Error).message}`);
    }
    process.stdout.write(frameOf(answer));
  }
}
