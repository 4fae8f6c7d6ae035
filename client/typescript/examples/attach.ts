/**
 * Attaches a container, given by the id of one of its processes, to a service's bridge:
 *
 *     node dist/examples/attach.js [--socket PATH] PID SERVICE
 *
 * The node must be set up; the service's bridge is made if it isn't there.
 */
import { parseArgs } from "node:util";

// in a program of your own: from "overlayd-client"
import { Client, OverlayMode, OverlaydError } from "../src/index.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { socket: { type: "string" } },
});
const [pid, service] = positionals;
if (pid === undefined || service === undefined) {
  console.error("usage: attach [--socket PATH] PID SERVICE");
  process.exit(2);
}

const client = new Client({ path: values.socket, timeout: 10_000 });
try {
  const bridge = await client.setupServiceOverlay({ service, mode: OverlayMode.Auto });
  const answer = await client.attachContainer({
    handle: { platform: "linux_pid", pid: Number(pid) },
    service,
    join_global: false,
  });
  switch (answer.result) {
    case "attached":
      console.log(`${answer.ip} on ${bridge.name}`);
      break;
    case "guest_config":
      console.log(`${answer.overlay_ip}, once the guest has set up its own WireGuard`);
  }
} catch (error) {
  if (!(error instanceof OverlaydError)) throw error;
  console.error(`attach: ${error.message}`);
  process.exitCode = 1;
} finally {
  client.close();
}
