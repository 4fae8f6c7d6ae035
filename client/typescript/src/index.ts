/**
 * A client of overlayd, the daemon that keeps the overlay network of one host.
 *
 * {@link Client} has a method for every operation of the contract. Requests, answers and events,
 * their comments and these methods are generated from the contract's schema.
 *
 * **Values** have the wire's own keys and tags, so what `docs/reference.md` says holds here as well.
 * A union is a discriminated union over its tag: `{ platform: "linux_pid", pid: 4242 }`. What may
 * be absent is an optional property, and so is, in what callers make, whatever has a default.
 * Addresses are strings; a wrong one is an {@link EncodeError}, not a request.
 *
 * **Integers of 64 bits** are `bigint`, all others `number`. JavaScript's own JSON can't keep the
 * former: `JSON.parse` rounds above 2^53 and `JSON.stringify` refuses a bigint. So this package
 * reads and writes documents itself and leaves to `JSON` nothing but the strings in them. That also
 * keeps the rest of the contract: a known key that stands twice, `1.0` for an integer, broken UTF-8
 * and lone surrogates are errors, and keys are written in the schema's order. Each message has its
 * codec under its own name: `Frame.decode(bytes)`, `EdgeConfig.encode(value)`.
 *
 * **Errors** are {@link OverlaydError}s; their classes say whether the request was sent.
 *
 * **Additions** to the contract don't disturb: unknown keys are ignored, unknown events skipped and
 * counted in {@link Client.unknownEvents}; an unknown result is an {@link UnknownVariantError} of
 * its own call alone.
 *
 * @packageDocumentation
 */
export { Client } from "./client.js";
export * from "./errors.js";
export type { EventStream } from "./events.js";
export type { CallOptions, ClientOptions } from "./options.js";
export { socketPath } from "./paths.js";
export * from "./protocol.js";
