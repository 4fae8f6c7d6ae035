/** Something wrong with one value, on its way to a {@link ProtocolError} or {@link EncodeError}. */
export class Fault extends Error {
  /** Where: keys and indices from the outermost value on. */
  path = "";

  /**
   * @param unknown - it is a variant or value that a newer package may know
   */
  constructor(
    readonly reason: string,
    readonly unknown = false,
  ) {
    super(reason);
  }

  /** Puts the key or index before the path. */
  at(key: string | number): this {
    const step = typeof key === "number" ? `[${key.toString()}]` : key;
    const dot = this.path === "" || this.path.startsWith("[") ? "" : ".";
    this.path = step + dot + this.path;
    return this;
  }

  get line(): string {
    return this.path === "" ? this.reason : `${this.path}: ${this.reason}`;
  }
}

/** What was thrown; if that is a fault, with the key or index before its path. */
export function located(error: unknown, key: string | number): unknown {
  return error instanceof Fault ? error.at(key) : error;
}
