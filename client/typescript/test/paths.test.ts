import assert from "node:assert/strict";
import { test } from "node:test";

import { socketPath } from "../src/paths.js";

const root = { isRoot: true, dataDir: undefined, home: "/root" };
const user = { isRoot: false, dataDir: undefined, home: "/home/u" };

test("a user's own data directory has the socket in /var/run", () => {
  const socket = "/var/run/zlayer-overlayd.sock";
  assert.equal(socketPath(undefined, root), socket);
  assert.equal(socketPath("/var/lib/zlayer", root), socket);
  assert.equal(socketPath(undefined, user), socket);
  assert.equal(socketPath("/home/u/.zlayer", user), socket);
  assert.equal(socketPath(undefined, { ...user, home: undefined }), socket);
  assert.equal(socketPath(undefined, { ...root, dataDir: "" }), socket);
});

test("others have it inside", () => {
  assert.equal(socketPath("/srv/n", root), "/srv/n/run/zlayer-overlayd.sock");
  assert.equal(socketPath(undefined, { ...root, dataDir: "/e" }), "/e/run/zlayer-overlayd.sock");
  const foreign = socketPath("/var/lib/zlayer", user);
  assert.equal(foreign, "/var/lib/zlayer/run/zlayer-overlayd.sock");
});

test("a path that is too long for a socket is replaced", () => {
  const fits = `/${"d".repeat(77)}`;
  assert.equal(socketPath(fits, root), `${fits}/run/zlayer-overlayd.sock`);
  assert.equal(socketPath(`${fits}d`, root), "/tmp/zlayer-overlayd-d4a878ae4a2b5786.sock");
});
