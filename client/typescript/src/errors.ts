import type { Err } from "./protocol.js";

/** Whatever this package rejects with, except for the reason of a caller's AbortSignal. */
export abstract class OverlaydError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

/** The daemon answered `err`: it refused, or it failed, and nothing changed. */
export class DaemonError extends OverlaydError {
  constructor(
    /** The answer. */
    readonly err: Err,
  ) {
    super(err.message);
  }
}

/** No answer in time. */
export class DeadlineError extends OverlaydError {
  constructor(
    milliseconds: number,
    /** The request was sent, and may have been, or may yet be, carried out. */
    readonly sent: boolean,
  ) {
    super(`no answer within ${milliseconds.toString()} ms`);
  }
}

/** There is no connection to the daemon and none could be made. The request was not sent. */
export class UnavailableError extends OverlaydError {}

/** The connection ended before the answer came. The request may have been carried out. */
export class ConnectionLostError extends OverlaydError {}

/** What the daemon sent is not of the contract. The request may have been carried out. */
export class ProtocolError extends OverlaydError {
  constructor(
    message: string,
    /** The value at fault, like `response.peers[3].endpoint`; empty for a whole frame. */
    readonly path = "",
  ) {
    super(message);
  }
}

/** The same, where a newer package would know what was sent: a result, a mode. */
export class UnknownVariantError extends ProtocolError {}

/** The request holds a value that the contract has no place for. It was not sent. */
export class EncodeError extends OverlaydError {
  constructor(
    message: string,
    /** The value at fault. */
    readonly path = "",
  ) {
    super(message);
  }
}
