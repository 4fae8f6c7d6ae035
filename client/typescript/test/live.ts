/** The client against a real daemon that has just started: `live.js SOCKET`, as root beside it. */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, readlinkSync } from "node:fs";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import {
  type AttachHandle,
  Client,
  ConnectionLostError,
  DaemonError,
  OverlayMode,
  UnavailableError,
} from "../src/index.js";

const path = process.argv[2] ?? "";
const client = new Client({ path });
const containers: ChildProcess[] = [];

after(() => {
  client.close();
  for (const container of containers) container.kill();
});

/** A process that has a network namespace of its own already. */
async function startContainer(): Promise<AttachHandle & { platform: "linux_pid" }> {
  const container = spawn("unshare", ["--net", "sleep", "1000"], { stdio: "ignore" });
  containers.push(container);
  const { pid = 0 } = container;
  const ours = readlinkSync("/proc/self/ns/net");
  while (readlinkSync(`/proc/${pid.toString()}/ns/net`) === ours) await sleep(10);
  return { platform: "linux_pid", pid };
}

test("the node's number", async () => {
  await client.setLocalNodeId({ node_id: 2n ** 64n - 1n });
});

test("setup", async () => {
  const { name } = await client.setupGlobalOverlay({
    deployment: "d",
    instance_id: "1",
    cluster_cidr: "10.200.0.0/16",
    slice_cidr: "10.200.4.0/24",
    wg_port: 51820,
  });
  assert(existsSync(`/proc/sys/net/ipv4/conf/${name}`));
});

test("status", async () => {
  const status = await client.status();
  assert.equal(status.node_ip, "10.200.4.1");
  assert.deepEqual([status.peer_count, status.peers], [0, []]);
});

test("attach and detach", async () => {
  const handle = await startContainer();
  const overlay = await client.setupServiceOverlay({ service: "web", mode: OverlayMode.Auto });
  assert.equal(overlay.mode, "auto");
  const request = { handle, service: "web", join_global: false };
  const attached = await client.attachContainer(request);
  assert(attached.result === "attached");
  assert.match(attached.ip, /^10\.200\.4\.\d+$/);
  assert.deepEqual(await client.attachContainer(request), attached);
  await client.detachContainer({ handle });
});

test("err", async () => {
  const handle = { platform: "linux_pid", pid: 4194304 } as const;
  await assert.rejects(
    client.attachContainer({ handle, service: "web", join_global: false }),
    (error) => error instanceof DaemonError && error.message.includes("4194304"),
  );
  assert.equal((await client.status()).service_count, 1);
});

test("calls at once", async () => {
  const some = Array.from({ length: 20 }, () => {
    return client.allocateIp({ service: "web", join_global: false });
  });
  const addresses = (await Promise.all(some)).map(({ ip }) => ip);
  assert.equal(new Set(addresses).size, 20);
  await Promise.all(addresses.map((ip) => client.releaseIp({ ip })));
});

test("the example", async () => {
  const handle = await startContainer();
  const example = fileURLToPath(new URL("../examples/attach.js", import.meta.url));
  const command = [example, "--socket", path, handle.pid.toString(), "db"];
  const said = execFileSync(process.execPath, command, { encoding: "utf8" });
  assert.match(said, /^10\.200\.4\.\d+ on zl-/);
  await client.detachContainer({ handle });
});

test("shutdown", async () => {
  await client.shutdown();
  const other = new Client({ path, connectTimeout: 0 });
  const gone = async () => {
    for (;;) await other.status();
  };
  await assert.rejects(gone, (error) => {
    return error instanceof UnavailableError || error instanceof ConnectionLostError;
  });
  other.close();
});
