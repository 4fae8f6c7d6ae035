import assert from "node:assert/strict";
import { test } from "node:test";

import {
  AddPeer,
  EncodeError,
  Event,
  ProtocolError,
  Request,
  Response,
  UnknownVariantError,
} from "../src/index.js";
import { canonicalIp } from "../src/ip.js";

const request = (body: string) => Request.decode(Buffer.from(body));
const response = (body: string) => Response.decode(Buffer.from(body));
const written = (value: Request) => Buffer.from(Request.encode(value)).toString();

test("integers of 64 bits are exact", () => {
  const body = '{"op":"set_local_node_id","node_id":18446744073709551615}';
  const value = request(body);
  assert.deepEqual(value, { op: "set_local_node_id", node_id: 2n ** 64n - 1n });
  assert.equal(written(value), body);
});

test("integers that are none", () => {
  for (const text of ["18446744073709551616", "-1", "-0", "1.0", "1e0", '"1"', "01", "null"])
    assert.throws(() => request(`{"op":"set_local_node_id","node_id":${text}}`), ProtocolError);
  for (const node_id of [-1n, 2n ** 64n])
    assert.throws(() => written({ op: "set_local_node_id", node_id }), EncodeError);
  for (const wg_port of [-1, 65536, 1.5, NaN]) {
    const rest = { deployment: "d", instance_id: "1", cluster_cidr: "10.0.0.0/8" };
    assert.throws(() => written({ op: "setup_global_overlay", ...rest, wg_port }), {
      name: "EncodeError",
      path: "wg_port",
      message: "wg_port: expected an integer from 0 to 65535",
    });
  }
});

test("keys are written in the schema's order, defaults always, what is absent never", () => {
  const value: Request = {
    service: "web",
    join_global: true,
    dns_domain: undefined,
    handle: { pid: 7, platform: "linux_pid" },
    op: "attach_container",
  };
  const body =
    '{"op":"attach_container","handle":{"platform":"linux_pid","pid":7},"service":"web",' +
    '"join_global":true,"ephemeral":false}';
  assert.equal(written(value), body);
  assert.deepEqual(request(body), {
    op: "attach_container",
    handle: { platform: "linux_pid", pid: 7 },
    service: "web",
    join_global: true,
    ephemeral: false,
  });
});

test("a flattened message's keys stand beside the others", () => {
  const peer: AddPeer = {
    public_key: "K",
    endpoint: "192.0.2.1:1",
    allowed_ips: "",
    persistent_keepalive_secs: 0n,
  };
  assert.equal(
    Buffer.from(AddPeer.encode(peer)).toString(),
    '{"public_key":"K","endpoint":"192.0.2.1:1","allowed_ips":"",' +
      '"persistent_keepalive_secs":0,"scope":{"scope":"global"}}',
  );
});

test("keys: any order, unknown ones, known ones twice, null", () => {
  const node = { op: "set_local_node_id", node_id: 1n };
  assert.deepEqual(request(' { "x":[1e999,{}] , "node_id":1, "x":"", "\\u006fp":"set_local_node_id"} '), node);
  assert.throws(() => request('{"op":"set_local_node_id","node_id":1,"node_id":1}'), {
    message: "node_id: stands twice",
  });
  assert.throws(() => request('{"op":"status","op":"status"}'), ProtocolError);
  assert.throws(() => response('{"result":"nat_status","peers":null}'), ProtocolError);
  assert.deepEqual(response('{"result":"attached","ip":"::1","isolated":null}'), {
    result: "attached",
    ip: "::1",
  });
});

test("what is at fault is named by its path", () => {
  const peer = '{"public_key":"K","endpoint":"e","allowed_ips":"","last_handshake_unix_secs":0}';
  const broken = peer.replace("0", '"never"');
  const body = `{"result":"status","peer_count":2,"service_count":0,"peers":[${peer},${broken}]}`;
  assert.throws(() => response(body), { path: "peers[1].last_handshake_unix_secs" });
});

test("what a newer package would know", () => {
  assert.throws(() => response('{"result":"teapot"}'), UnknownVariantError);
  const overlay = '{"result":"service_overlay","name":"b","mode":"psychic"}';
  assert.throws(() => response(overlay), UnknownVariantError);
  assert.throws(() => Event.decode(Buffer.from('{"event":1}')), (error) => {
    return error instanceof ProtocolError && !(error instanceof UnknownVariantError);
  });
});

test("text that is no JSON, or none of the contract", () => {
  const name = (text: string) => `{"op":"unregister_dns","name":${text}}`;
  for (const text of ['"\\ud800"', '"\\u0000"', '"\n"', '"\\x"', '"', "[", '"a" "b"'])
    assert.throws(() => request(name(text)), ProtocolError, text);
  assert.throws(() => Request.decode(Buffer.from([0x22, 0xff, 0x22])), ProtocolError);
  assert.throws(() => request(""), ProtocolError);
  assert.throws(() => request('\ufeff{"op":"status"}'), ProtocolError);
  const nested = (levels: number) => `{"op":"status","x":${"[".repeat(levels)}${"]".repeat(levels)}}`;
  assert.deepEqual(request(nested(126)), { op: "status" });
  assert.throws(() => request(nested(127)), ProtocolError);
  for (const odd of ["\ud800", "a\0b"])
    assert.throws(() => written({ op: "unregister_dns", name: odd }), EncodeError);
  const siblings = `{"op":"status","x":[${"[],".repeat(200)}{}]}`;
  assert.deepEqual(request(siblings), { op: "status" });
});

test("every character of a text has one form", () => {
  const value: Request = { op: "unregister_dns", name: '"\b\f\n\r\t\x1f/\x7f\u2028\u{1f980}\\' };
  const body = `{"op":"unregister_dns","name":"\\"\\b\\f\\n\\r\\t\\u001f/\x7f\u2028\u{1f980}\\\\"}`;
  assert.equal(written(value), body);
  assert.deepEqual(request(body), value);
});

test("callers without types are told, too", () => {
  const odd = (value: unknown) => () => written(value as Request);
  assert.throws(odd({ op: "status " }), { path: "op" });
  assert.throws(odd({ op: "set_local_node_id", node_id: 1 }), { path: "node_id" });
  assert.throws(odd({ op: "unregister_dns" }), { path: "name" });
  assert.throws(odd({ op: "detach_container", handle: null }), { path: "handle" });
  assert.throws(odd({ op: "prune_orphan_bridges", live_bridge_names: "x" }), EncodeError);
  assert.throws(odd({ op: "prune_orphan_bridges", live_bridge_names: ["", 1] }), {
    path: "live_bridge_names[1]",
  });
  assert.throws(odd({ op: "release_ip", ip: "1.2.3" }), { path: "ip" });
});

test("addresses have one form", () => {
  const forms: Record<string, string | undefined> = {
    "10.0.0.1": "10.0.0.1",
    "010.0.0.1": undefined,
    "1.2.3": undefined,
    "": undefined,
    "::": "::",
    "0:0:0:0:0:0:0:1": "::1",
    "1:0:0:2:0:0:0:3": "1:0:0:2::3",
    "1:0:0:2:0:0:3:4": "1::2:0:0:3:4",
    "1:0:2:3:4:5:6:7": "1:0:2:3:4:5:6:7",
    "1:2:3:4:5:6:7::": "1:2:3:4:5:6:7:0",
    "2001:DB8::00A0": "2001:db8::a0",
    "::1.2.3.4": "::102:304",
    "::ffff:1.2.3.4": "::ffff:1.2.3.4",
    "::ffff:0:0": "::ffff:0.0.0.0",
    "fe80::1%eth0": undefined,
    "1::2::3": undefined,
  };
  for (const [text, canonical] of Object.entries(forms))
    assert.equal(canonicalIp(text), canonical, text);
});
