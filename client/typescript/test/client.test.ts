import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import {
  Client,
  type ClientOptions,
  ConnectionLostError,
  DaemonError,
  DeadlineError,
  EncodeError,
  ProtocolError,
  type Response,
  UnavailableError,
  UnknownVariantError,
} from "../src/index.js";
import { FakeDaemon, type Peer } from "./fake_daemon.js";

const ok: Response = { result: "ok" };
const healthy = '{"frame":"event","event":"peer_health_changed","pubkey":"K","healthy":true}';

let daemon: FakeDaemon;
let clients: Client[];

beforeEach(() => {
  daemon = new FakeDaemon();
  clients = [];
});

afterEach(() => {
  for (const client of clients) client.close();
  daemon.remove();
});

function newClient(options: ClientOptions = {}): Client {
  const client = new Client({ path: daemon.path, connectTimeout: 0, ...options });
  clients.push(client);
  return client;
}

/** A client whose connection is made, and the daemon's end of it. */
async function connected(options: ClientOptions = {}): Promise<{ client: Client; peer: Peer }> {
  await daemon.listen();
  const client = newClient(options);
  const answer = client.natTick();
  const peer = await daemon.accept();
  const { id } = await peer.request();
  peer.answer(id, ok);
  await answer;
  return { client, peer };
}

/** Waits for what needs turns of the event loop, and nothing else. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1);
}

test("a call: the request goes out, its own answer comes back", async () => {
  const { client, peer } = await connected();
  const answer = client.allocateIp({ service: "web", join_global: false });
  const { id, request } = await peer.request();
  assert.deepEqual(request, { op: "allocate_ip", service: "web", join_global: false });
  peer.answer(id, { result: "ip", ip: "10.0.0.9" });
  assert.deepEqual(await answer, { result: "ip", ip: "10.0.0.9" });
});

test("an err is thrown with all that it says", async () => {
  const { client, peer } = await connected();
  const answer = client.teardownServiceOverlay({ service: "web" });
  const { id } = await peer.request();
  peer.answer(id, { result: "err", message: "no", code: "busy", retryable: true });
  await assert.rejects(answer, (error) => {
    assert(error instanceof DaemonError);
    assert.equal(error.message, "no");
    assert.equal(error.name, "DaemonError");
    assert.deepEqual([error.err.code, error.err.retryable], ["busy", true]);
    return true;
  });
});

test("many calls at once share a connection, in order, with ids of their own", async () => {
  await daemon.listen();
  const client = newClient();
  const nodes = Array.from({ length: 500 }, (_, i) => BigInt(i));
  const answers = nodes.map((node_id) => client.setLocalNodeId({ node_id }));
  const peer = await daemon.accept();
  const ids = new Set<bigint>();
  for (const node_id of nodes) {
    const { id, request } = await peer.request();
    assert.deepEqual(request, { op: "set_local_node_id", node_id });
    ids.add(id);
  }
  assert.equal(ids.size, nodes.length);
  for (const id of ids) peer.answer(id, ok);
  await Promise.all(answers);
  assert.equal(daemon.accepted, 1);
});

test("answers find their calls by id", async () => {
  const { client, peer } = await connected();
  const refused = assert.rejects(client.natTick(), { message: "first" });
  const accepted = client.natTick();
  const [first, second] = [await peer.request(), await peer.request()];
  peer.answer(second.id, ok);
  await accepted;
  peer.answer(first.id, { result: "err", message: "first" });
  await refused;
});

test("an answer may come byte by byte", async () => {
  const { client, peer } = await connected();
  const answer = client.natTick();
  const { id } = await peer.request();
  const body = `{"frame":"response","id":${id.toString()},"response":{"result":"ok"}}`;
  for (const byte of Buffer.from(`${String.fromCharCode(body.length)}\0\0\0${body}`)) {
    peer.socket.write(Buffer.of(byte));
    await sleep(0);
  }
  assert.deepEqual(await answer, ok);
});

test("at the deadline a call ends; its late answer disturbs nobody", async () => {
  const { client, peer } = await connected();
  const late = client.natTick({ timeout: 1 });
  await assert.rejects(late, (error) => error instanceof DeadlineError && error.sent);
  const { id } = await peer.request();
  peer.answer(id, { result: "err", message: "late" });
  const answer = client.natTick({ timeout: Infinity });
  peer.answer((await peer.request()).id, ok);
  assert.deepEqual(await answer, ok);
});

test("a deadline before there is a connection: not sent, also not later", async () => {
  const client = newClient({ connectTimeout: 60_000 });
  const early = client.setLocalNodeId({ node_id: 1n }, { timeout: 1 });
  await assert.rejects(early, (error) => error instanceof DeadlineError && !error.sent);
  const answer = client.setLocalNodeId({ node_id: 2n });
  await daemon.listen();
  const peer = await daemon.accept();
  const { id, request } = await peer.request();
  assert.deepEqual(request, { op: "set_local_node_id", node_id: 2n });
  peer.answer(id, ok);
  await answer;
});

test("a signal gives a call up with its reason", async () => {
  const { client, peer } = await connected();
  const controller = new AbortController();
  const answer = client.natTick({ signal: controller.signal });
  await peer.request();
  controller.abort(new RangeError("enough"));
  await assert.rejects(answer, RangeError);
  await assert.rejects(client.natTick({ signal: controller.signal }), RangeError);
});

test("nobody listens: unavailable, at once or when patience ends", async () => {
  await assert.rejects(newClient().status(), UnavailableError);
  await assert.rejects(newClient({ connectTimeout: 150 }).status(), UnavailableError);
});

test("a daemon that starts is waited for", async () => {
  const client = newClient({ connectTimeout: 60_000 });
  const answer = client.natTick();
  await sleep(50);
  await daemon.listen();
  const peer = await daemon.accept();
  peer.answer((await peer.request()).id, ok);
  await answer;
});

test("a lost connection fails what was sent, and nothing is sent again", async () => {
  const { client, peer } = await connected();
  const lost = client.setLocalNodeId({ node_id: 1n });
  await peer.request();
  const rejected = assert.rejects(lost, ConnectionLostError);
  await peer.end();
  await rejected;
  const answer = client.setLocalNodeId({ node_id: 2n });
  const next = await daemon.accept();
  const { id, request } = await next.request();
  assert.deepEqual(request, { op: "set_local_node_id", node_id: 2n });
  next.answer(id, ok);
  await answer;
  assert.equal(daemon.accepted, 2);
});

test("a daemon that was replaced between two calls is no fault", async () => {
  const { client, peer } = await connected();
  await peer.end();
  const answer = client.natTick();
  const next = await daemon.accept();
  next.answer((await next.request()).id, ok);
  await answer;
});

test("what is broken ends the connection; the next call makes a new one", async () => {
  const broken = [
    "{",
    "",
    '{"frame":"request","id":1,"request":{"op":"status"}}',
    '{"frame":"response","id":0,"response":{"result":"err","message":"what?"}}',
    '{"frame":"response","response":{"result":"ok"}}',
    '{"frame":"event","event":"peer_health_changed"}',
  ];
  const { client, peer: first } = await connected();
  let peer = first;
  for (const body of broken) {
    const answer = client.natTick();
    if (peer !== first || body !== broken[0]) peer = await daemon.accept();
    await peer.request();
    const rejected = assert.rejects(answer, ProtocolError, body);
    peer.send(body);
    await rejected;
  }
  assert.equal(daemon.accepted, broken.length);
});

test("a frame that is announced too long ends the connection", async () => {
  const { client, peer } = await connected();
  const answer = client.natTick();
  await peer.request();
  peer.socket.write(Buffer.from([1, 0, 0x80, 0]));
  await assert.rejects(answer, ProtocolError);
});

test("an unknown or unexpected result is a fault of its own call alone", async () => {
  const { client, peer } = await connected();
  const unknown = assert.rejects(client.natTick(), (error) => {
    return error instanceof UnknownVariantError && error.path === "response.result";
  });
  const unexpected = assert.rejects(client.natTick(), ProtocolError);
  const malformed = assert.rejects(client.natTick(), ProtocolError);
  const good = client.natTick();
  const id = async () => (await peer.request()).id.toString();
  peer.send(`{"frame":"response","id":${await id()},"response":{"result":"teapot"}}`);
  peer.send(`{"frame":"response","id":${await id()},"response":{"result":"ip","ip":"::"}}`);
  peer.send(`{"frame":"response","id":${await id()},"response":{"result":"ip"}}`);
  peer.answer((await peer.request()).id, ok);
  await Promise.all([unknown, unexpected, malformed, good]);
  assert.equal(daemon.accepted, 1);
});

test("a request that can't be written is not sent", async () => {
  const { client, peer } = await connected();
  await assert.rejects(client.setLocalNodeId({ node_id: -1n }), EncodeError);
  await assert.rejects(client.unregisterDns({ name: "x".repeat(9_000_000) }), EncodeError);
  const answer = client.natTick();
  const { id, request } = await peer.request();
  assert.deepEqual(request, { op: "nat_tick" });
  peer.answer(id, ok);
  await answer;
});

test("events between answers, each for every stream; unknown ones are counted", async () => {
  const { client, peer } = await connected();
  const streams = [client.events(), client.events()];
  const answer = client.natTick();
  const { id } = await peer.request();
  peer.send(healthy);
  peer.send('{"frame":"event","event":"moon_phase","phase":1}');
  peer.send(healthy.replace("true", "false"));
  peer.answer(id, ok);
  await answer;
  for (const stream of streams) {
    const seen: unknown[] = [];
    for await (const event of stream) {
      seen.push(event);
      if (seen.length === 2) break;
    }
    assert.deepEqual(seen, [
      { event: "peer_health_changed", pubkey: "K", healthy: true },
      { event: "peer_health_changed", pubkey: "K", healthy: false },
    ]);
    assert.deepEqual(await stream.next(), { value: undefined, done: true });
  }
  assert.equal(client.unknownEvents, 1);
});

test("waiting for an event connects; a gap is thrown once, then it goes on", async () => {
  await daemon.listen();
  const client = newClient();
  const stream = client.events();
  const first = stream.next();
  const peer = await daemon.accept();
  peer.send(healthy);
  assert.equal((await first).done, false);
  const rejected = assert.rejects(stream.next(), ConnectionLostError);
  await peer.end();
  await rejected;
  const second = stream.next();
  const next = await daemon.accept();
  next.send(healthy);
  assert.equal((await second).value?.event, "peer_health_changed");
  daemon.stop();
  await until(() => next.socket.closed);
  await assert.rejects(stream.next(), ConnectionLostError);
  await assert.rejects(stream.next(), UnavailableError);
});

test("a gap that nobody waited in is told in its place", async () => {
  const { client, peer } = await connected();
  const stream = client.events();
  peer.send(healthy);
  await peer.end();
  const answer = client.natTick();
  const next = await daemon.accept();
  next.send(healthy);
  next.answer((await next.request()).id, ok);
  await answer;
  assert.equal((await stream.next()).done, false);
  await assert.rejects(stream.next(), ConnectionLostError);
  assert.equal((await stream.next()).done, false);
});

test("events that nobody reads are dropped, the oldest first, and counted", async () => {
  const { client, peer } = await connected();
  const stream = client.events();
  const answer = client.natTick();
  const { id } = await peer.request();
  for (let i = 0; i < 4096 + 3; i++) peer.send(healthy.replace('"K"', `"${i.toString()}"`));
  peer.answer(id, ok);
  await answer;
  assert.equal(stream.dropped, 3);
  assert.equal((await stream.next()).value?.pubkey, "3");
});

test("a signal ends a stream", async () => {
  const { client } = await connected();
  const controller = new AbortController();
  const stream = client.events({ signal: controller.signal });
  const rejected = assert.rejects(stream.next(), RangeError);
  controller.abort(new RangeError("enough"));
  await rejected;
  assert.equal((await stream.next()).done, true);
  await assert.rejects(client.events({ signal: controller.signal }).next(), RangeError);
});

test("close gives up what is under way and ends streams", async () => {
  const { client, peer } = await connected();
  const stream = client.events();
  const event = stream.next();
  const lost = assert.rejects(client.natTick(), ConnectionLostError);
  await peer.request();
  client.close();
  await lost;
  assert.deepEqual(await event, { value: undefined, done: true });
  assert.equal((await client.events().next()).done, true);
  await assert.rejects(client.natTick(), UnavailableError);
  await until(() => peer.socket.readableEnded || peer.socket.closed);
  assert.equal(daemon.accepted, 1);
});

test("close while connecting: not sent", async () => {
  const client = newClient({ connectTimeout: 60_000 });
  const waiting = assert.rejects(client.natTick(), UnavailableError);
  await sleep(1);
  client.close();
  await waiting;
});
