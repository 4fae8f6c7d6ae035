import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import {
  ConnectionLostError,
  type OverlaydError,
  type ProtocolError,
  UnavailableError,
} from "./errors.js";
import { FrameReader } from "./frame.js";

const firstPause = 100;
const longestPause = 1000;

/** What a daemon that starts or is busy looks like. */
const passing = new Set(["ENOENT", "ECONNREFUSED", "EAGAIN"]);

/** Who is told what becomes of a link. */
export interface LinkListener {
  opened(): void;
  received(body: Buffer): void;
  lost(error: OverlaydError): void;
  unavailable(error: UnavailableError): void;
}

/** A connection to the daemon's socket that can be made again and again. */
export class Link {
  #socket: Socket | undefined;
  #opening = false;
  /** Before the next try: doubled by each, nothing once a frame was heard. */
  #pause = 0;
  readonly #closing = new AbortController();

  constructor(
    readonly path: string,
    readonly patience: number,
    readonly listener: LinkListener,
  ) {}

  get isOpen(): boolean {
    return this.#socket !== undefined;
  }

  /** Connects, unless that is done or under way. */
  open(): void {
    if (this.isOpen || this.#opening) return;
    this.#opening = true;
    this.#connectPatiently().then(
      (socket) => {
        this.#opening = false;
        if (this.#closing.signal.aborted) socket.destroy();
        else this.#adopt(socket);
      },
      (error: unknown) => {
        this.#opening = false;
        if (!this.#closing.signal.aborted) this.listener.unavailable(unavailable(error));
      },
    );
  }

  write(frame: Buffer): void {
    this.#socket?.write(frame);
  }

  /** Ends the connection because of what came over it. */
  fail(error: ProtocolError): void {
    if (this.#socket !== undefined) this.#end(this.#socket, error);
  }

  /** Ends it for good; nobody is told. */
  close(): void {
    this.#closing.abort();
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }

  async #connectPatiently(): Promise<Socket> {
    const giveUp = performance.now() + this.patience;
    for (;;) {
      if (this.#pause > 0) await sleep(this.#pause, undefined, { signal: this.#closing.signal });
      this.#pause = Math.min(Math.max(2 * this.#pause, firstPause), longestPause);
      try {
        return await this.#connect();
      } catch (error) {
        const mayPass = passing.has((error as NodeJS.ErrnoException).code ?? "");
        if (mayPass && performance.now() + this.#pause <= giveUp) continue;
        this.#pause = 0;
        throw error;
      }
    }
  }

  async #connect(): Promise<Socket> {
    const socket = createConnection({ path: this.path });
    try {
      await once(socket, "connect", { signal: this.#closing.signal });
      return socket;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  #adopt(socket: Socket): void {
    const reader = new FrameReader();
    let cause: Error | undefined;
    this.#socket = socket;
    socket.on("data", (chunk) => {
      reader.push(chunk);
      this.#read(socket, reader);
    });
    socket.on("error", (error) => (cause = error));
    for (const over of ["end", "close"])
      socket.on(over, () => {
        const reason = cause?.message ?? "the daemon closed it";
        this.#end(socket, new ConnectionLostError(`connection lost: ${reason}`, { cause }));
      });
    this.listener.opened();
  }

  #read(socket: Socket, reader: FrameReader): void {
    while (this.#socket === socket) {
      let body: Buffer | undefined;
      try {
        body = reader.next();
      } catch (error) {
        this.#end(socket, error as ProtocolError);
        return;
      }
      if (body === undefined) return;
      this.#pause = 0;
      this.listener.received(body);
    }
  }

  #end(socket: Socket, error: OverlaydError): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    socket.destroy();
    this.listener.lost(error);
  }
}

function unavailable(error: unknown): UnavailableError {
  const reason = error instanceof Error ? error.message : String(error);
  return new UnavailableError(reason, { cause: error });
}
