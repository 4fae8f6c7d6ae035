import type { Event } from "./protocol.js";

/** Most events that wait to be read. */
const maxWaiting = 4096;

/**
 * Events in the order in which they came: `for await (const event of client.events())`.
 *
 * Waiting for one makes the connection if there is none. When it is lost, events may be missed, so
 * iterating throws {@link ConnectionLostError} (or {@link ProtocolError}), once: look at the state
 * again, and iterate on. {@link UnavailableError} says that no connection could be made; iterating
 * on tries again. The stream ends when it or its client is closed; leaving a `for await` by `break`
 * or `return` closes it.
 */
export interface EventStream extends AsyncIterableIterator<Event> {
  next(): Promise<IteratorResult<Event, undefined>>;

  /** How many events were dropped, the oldest first, as 4,096 were waiting to be read. */
  readonly dropped: number;

  /** Ends the stream; what has come can still be read. */
  close(): void;
}

interface Waiter {
  resolve(result: IteratorResult<Event, undefined>): void;
  reject(error: unknown): void;
}

/** The stream as its client fills it. */
export class EventQueue implements EventStream {
  dropped = 0;
  #items: ({ event: Event } | { error: unknown })[] = [];
  #waiters: Waiter[] = [];
  #closed = false;

  /**
   * @param connect - makes the connection if there is none
   * @param leave - tells that this stream needs nothing any more
   */
  constructor(
    readonly connect: () => void,
    readonly leave: (queue: EventQueue) => void,
  ) {}

  put(event: Event): void {
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve({ value: event, done: false });
      return;
    }
    if (this.#items.length === maxWaiting) {
      this.#items.shift();
      this.dropped++;
    }
    this.#items.push({ event });
  }

  /** Whoever reads on learns of a gap. */
  interrupt(error: unknown): void {
    if (!this.refuse(error)) this.#items.push({ error });
  }

  /** Tells those who wait. False: nobody does. */
  refuse(error: unknown): boolean {
    const waiters = this.#waiters.splice(0);
    for (const waiter of waiters) waiter.reject(error);
    return waiters.length > 0;
  }

  close(): void {
    this.#closed = true;
    this.leave(this);
    for (const waiter of this.#waiters.splice(0)) waiter.resolve({ value: undefined, done: true });
  }

  next(): Promise<IteratorResult<Event, undefined>> {
    return new Promise((resolve, reject) => {
      const item = this.#items.shift();
      if (item === undefined && this.#closed) resolve({ value: undefined, done: true });
      else if (item === undefined) {
        this.#waiters.push({ resolve, reject });
        this.connect();
      } else if ("event" in item) resolve({ value: item.event, done: false });
      // a signal's reason may be anything
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      else reject(item.error);
    });
  }

  return(): Promise<IteratorResult<Event, undefined>> {
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
