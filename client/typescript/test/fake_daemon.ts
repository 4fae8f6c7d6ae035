import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { frameOf, FrameReader } from "../src/frame.js";
import { Frame, type Request, type Response } from "../src/index.js";

/** One connection as the daemon sees it. */
export class Peer {
  readonly #reader = new FrameReader();

  constructor(readonly socket: Socket) {
    socket.on("error", () => undefined);
  }

  /** The next request, which must be there or come. */
  async request(): Promise<{ id: bigint; request: Request }> {
    for (;;) {
      const body = this.#reader.next();
      if (body !== undefined) {
        const frame = Frame.decode(body);
        if (frame.frame === "request") return frame;
        throw new Error(`a client sent ${frame.frame}`);
      }
      const chunk = this.socket.read() as Buffer | null;
      if (chunk !== null) this.#reader.push(chunk);
      else if (this.socket.readableEnded) throw new Error("the client is gone");
      else await Promise.race([once(this.socket, "readable"), once(this.socket, "end")]);
    }
  }

  answer(id: bigint, response: Response): void {
    this.socket.write(frameOf(Frame.encode({ frame: "response", id, response })));
  }

  /** Any text as a body. */
  send(body: string): void {
    this.socket.write(frameOf(Buffer.from(body)));
  }

  /** Ends the connection; the client has seen it when this resolves, or will before it writes. */
  async end(): Promise<void> {
    this.socket.end();
    this.socket.resume();
    await once(this.socket, "close");
  }
}

/** A daemon that does what a test says. */
export class FakeDaemon {
  readonly #dir = mkdtempSync(join(tmpdir(), "overlayd-"));
  readonly path = join(this.#dir, "sock");
  #server: Server | undefined;
  #arrived: Peer[] = [];
  #waiting: ((peer: Peer) => void)[] = [];
  #peers = new Set<Peer>();
  accepted = 0;

  async listen(): Promise<this> {
    this.#server = createServer((socket) => {
      const peer = new Peer(socket);
      this.accepted++;
      this.#peers.add(peer);
      const waiter = this.#waiting.shift();
      if (waiter === undefined) this.#arrived.push(peer);
      else waiter(peer);
    }).listen(this.path);
    await once(this.#server, "listening");
    return this;
  }

  /** The next connection. */
  accept(): Promise<Peer> {
    return new Promise((resolve) => {
      const peer = this.#arrived.shift();
      if (peer === undefined) this.#waiting.push(resolve);
      else resolve(peer);
    });
  }

  /** Ends all connections and takes the socket away. */
  stop(): void {
    this.#server?.close();
    for (const peer of this.#peers) peer.socket.destroy();
    this.#peers.clear();
  }

  remove(): void {
    this.stop();
    rmSync(this.#dir, { recursive: true });
  }
}
