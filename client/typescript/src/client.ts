import { u64 } from "./codec.js";
import {
  ConnectionLostError,
  DaemonError,
  DeadlineError,
  type OverlaydError,
  ProtocolError,
  UnavailableError,
  UnknownVariantError,
} from "./errors.js";
import { EventQueue, type EventStream } from "./events.js";
import { frameOf } from "./frame.js";
import { JsonObject, parseJson } from "./json.js";
import { Link } from "./link.js";
import type { CallOptions, ClientOptions } from "./options.js";
import { socketPath } from "./paths.js";
import { type Answer, Event, Frame, Operations, type Request, type Response } from "./protocol.js";

/** Longest time that a timer of Node takes. */
const maxTimer = 2 ** 31 - 1;

/** A request whose answer is waited for. */
class PendingCall {
  sent = false;
  resolve!: (response: Response) => void;
  reject!: (error: unknown) => void;
  readonly answer = new Promise<Response>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });

  constructor(readonly frame: Buffer) {}

  /** Gives up at the deadline or the signal, until the function that it returns is called. */
  limit(timeout: number, signal: AbortSignal | undefined): () => void {
    const late = () => {
      this.reject(new DeadlineError(timeout, this.sent));
    };
    const timer = timeout <= maxTimer ? setTimeout(late, timeout) : undefined;
    const abort = () => {
      this.reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort);
    return () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
  }
}

/**
 * A client of the daemon, with a method per operation that resolves with the operation's answer.
 *
 * ```ts
 * const client = new Client();
 * const { peer_count } = await client.status({ timeout: 1000 });
 * client.close();
 * ```
 *
 * Any number of calls may be under way at once: they share a connection, and the daemon carries
 * them out in the order in which they were made.
 *
 * The connection is made when it is needed, and anew when it was lost. While nobody listens, that
 * is tried again after 100 ms, then after twice as long each time, up to 1 s. A request is sent
 * once: if the connection is lost before the answer came, the call rejects with
 * {@link ConnectionLostError}, as the request may have been carried out.
 *
 * A client keeps the process alive while it is connected: close it.
 */
export class Client extends Operations {
  /** How many events came that this package doesn't know, and were skipped. */
  unknownEvents = 0;

  readonly #link: Link;
  readonly #timeout: number;
  readonly #calls = new Map<bigint, PendingCall>();
  readonly #streams = new Set<EventQueue>();
  #lastId = 0n;
  #closed = false;

  constructor(options: ClientOptions = {}) {
    super();
    const path = options.path ?? socketPath(options.dataDir);
    this.#timeout = options.timeout ?? 30_000;
    this.#link = new Link(path, options.connectTimeout ?? 5_000, {
      opened: () => {
        for (const call of this.#calls.values()) this.#send(call);
      },
      received: (body) => {
        this.#received(body);
      },
      lost: (error) => {
        this.#lost(error);
      },
      unavailable: (error) => {
        for (const call of this.#calls.values()) call.reject(error);
        for (const stream of this.#streams) stream.refuse(error);
      },
    });
  }

  /** The socket's path. */
  get path(): string {
    return this.#link.path;
  }

  /**
   * Sends any request and resolves with its answer, which is not `err`: that, like all else that
   * can go wrong, is an {@link OverlaydError}, or the reason of the caller's signal.
   */
  async call(request: Request, options: CallOptions = {}): Promise<Response> {
    const { timeout = this.#timeout, signal } = options;
    signal?.throwIfAborted();
    if (this.#closed) throw new UnavailableError("the client is closed");
    const id = ++this.#lastId;
    const call = new PendingCall(frameOf(Frame.encode({ frame: "request", id, request })));
    const unlimit = call.limit(timeout, signal);
    this.#calls.set(id, call);
    try {
      this.#send(call);
      const response = await call.answer;
      if (response.result === "err") throw new DaemonError(response);
      return response;
    } finally {
      this.#calls.delete(id);
      unlimit();
    }
  }

  /** What the daemon tells unasked from now on, until the signal; see {@link EventStream}. */
  events({ signal }: { signal?: AbortSignal | undefined } = {}): EventStream {
    const abort = () => {
      stream.interrupt(signal?.reason);
      stream.close();
    };
    const stream = new EventQueue(
      () => {
        this.#link.open();
      },
      () => {
        this.#streams.delete(stream);
        signal?.removeEventListener("abort", abort);
      },
    );
    this.#streams.add(stream);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    else if (this.#closed) stream.close();
    return stream;
  }

  /** Ends the connection: calls under way reject, streams of events end. */
  close(): void {
    this.#closed = true;
    this.#link.close();
    for (const call of this.#calls.values()) {
      const kind = call.sent ? ConnectionLostError : UnavailableError;
      call.reject(new kind("the client was closed"));
    }
    for (const stream of this.#streams) stream.close();
  }

  protected override async ask<R extends Response["result"]>(
    request: Request,
    results: readonly R[],
    options?: CallOptions,
  ): Promise<Answer<R>> {
    const response = await this.call(request, options);
    if (isOneOf(response, results)) return response;
    const text = `${request.op} was answered with ${response.result}`;
    throw new ProtocolError(text, "response.result");
  }

  #send(call: PendingCall): void {
    if (this.#link.isOpen) {
      call.sent = true;
      this.#link.write(call.frame);
    } else this.#link.open();
  }

  #received(body: Buffer): void {
    let frame: Frame;
    try {
      frame = Frame.decode(body);
    } catch (error) {
      this.#unreadable(body, error as ProtocolError);
      return;
    }
    switch (frame.frame) {
      case "event":
        for (const stream of this.#streams) stream.put(Event.decode(body));
        break;
      case "response":
        this.#answered(frame.id, frame.response);
        break;
      case "request":
        this.#link.fail(new ProtocolError("the daemon sent a request"));
    }
  }

  /** An answer that nobody waits for any more is dropped. */
  #answered(id: bigint, response: Response): void {
    if (id === 0n && response.result === "err")
      this.#link.fail(new ProtocolError(`the daemon can't read our frame: ${response.message}`));
    else this.#calls.get(id)?.resolve(response);
  }

  /** A newer daemon's events are skipped, and a newer result is its own call's fault alone. */
  #unreadable(body: Buffer, error: ProtocolError): void {
    const id = error.path.startsWith("response") ? answerId(body) : undefined;
    if (error instanceof UnknownVariantError && error.path === "event") this.unknownEvents++;
    else if (id !== undefined) this.#calls.get(id)?.reject(error);
    else this.#link.fail(error);
  }

  #lost(error: OverlaydError): void {
    for (const call of this.#calls.values()) call.reject(error);
    for (const stream of this.#streams) stream.interrupt(error);
  }
}

function isOneOf<R extends Response["result"]>(
  response: Response,
  results: readonly R[],
): response is Answer<R> {
  return (results as readonly string[]).includes(response.result);
}

/** The id of an answer that can't be read otherwise. */
function answerId(body: Buffer): bigint | undefined {
  try {
    const json = parseJson(body);
    return json instanceof JsonObject ? u64.read(json.get("id") ?? null) : undefined;
  } catch {
    return undefined;
  }
}
