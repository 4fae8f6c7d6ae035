/** How a client finds the daemon, and how long it waits. */
export interface ClientOptions {
  /**
   * The socket's path.
   *
   * @defaultValue that of the daemon with `dataDir`
   */
  path?: string | undefined;

  /**
   * The daemon's data directory, where it was given one; its socket's path follows from that.
   *
   * @defaultValue this user's: `$ZLAYER_DATA_DIR`, else `/var/lib/zlayer` for root, `~/.zlayer`
   */
  dataDir?: string | undefined;

  /**
   * Milliseconds that a call may take which doesn't say so itself; Infinity is for ever.
   *
   * @defaultValue 30000
   */
  timeout?: number | undefined;

  /**
   * Milliseconds in which connecting is tried again while nobody listens; 0 tries once.
   *
   * @defaultValue 5000
   */
  connectTimeout?: number | undefined;
}

/** What one call says for itself. */
export interface CallOptions {
  /** Milliseconds that it may take, connecting included; Infinity is for ever. */
  timeout?: number | undefined;

  /**
   * Gives the call up: it rejects with the signal's reason. A request that was sent by then may be
   * carried out all the same.
   */
  signal?: AbortSignal | undefined;
}
