import { EncodeError, ProtocolError } from "./errors.js";

const headBytes = 4;

/** Most bytes of a frame's body. */
export const maxBodyBytes = 8 * 1024 * 1024;

/** The body with its length before it. */
export function frameOf(body: Uint8Array): Buffer {
  if (body.length > maxBodyBytes)
    throw new EncodeError(`a frame of ${body.length.toString()} bytes, which is too long`);
  const frame = Buffer.allocUnsafe(headBytes + body.length);
  frame.writeUInt32LE(body.length);
  frame.set(body, headBytes);
  return frame;
}

/** Cuts a stream into bodies. It holds what has come, never what is merely announced. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #length = 0;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /**
   * The next body that is whole; undefined: not yet.
   *
   * @throws {@link ProtocolError} for a length above the limit; the stream is lost then
   */
  next(): Buffer | undefined {
    if (this.#length < headBytes) return undefined;
    const length = this.#peek(headBytes).readUInt32LE();
    if (length > maxBodyBytes)
      throw new ProtocolError(`a frame of ${length.toString()} bytes, which is too long`);
    if (this.#length < headBytes + length) return undefined;
    const frame = this.#peek(headBytes + length);
    this.#drop(frame.length);
    return frame.subarray(headBytes);
  }

  /** The next n bytes, all of which are there, in one piece. */
  #peek(n: number): Buffer {
    const first = this.#chunks[0];
    if (first !== undefined && first.length >= n) return first.subarray(0, n);
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all.subarray(0, n);
  }

  #drop(n: number): void {
    const first = this.#chunks[0];
    if (first?.length === n) this.#chunks.shift();
    else if (first !== undefined) this.#chunks[0] = first.subarray(n);
    this.#length -= n;
  }
}
