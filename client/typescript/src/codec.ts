/** What the generated module is made of: how each kind of value lies on the wire. */
import { EncodeError, ProtocolError, UnknownVariantError } from "./errors.js";
import { Fault, located } from "./fault.js";
import { canonicalIp } from "./ip.js";
import { isUnwritable, type Json, JsonNumber, JsonObject, parseJson } from "./json.js";

/** Reads values out of JSON and writes them as JSON text; what is wrong is thrown as a fault. */
export interface Codec<T> {
  read(json: Json): T;
  write(value: T): string;
}

/** One key of an object. */
export interface Field<T> {
  /** The key's value; undefined is for a missing key. */
  read(json: Json | undefined): T;
  /** undefined leaves the key out. */
  write(value: T): string | undefined;
}

// ---- scalars ----

export const bool: Codec<boolean> = {
  read(json) {
    if (typeof json !== "boolean") throw new Fault("expected true or false");
    return json;
  },
  write(value) {
    if (typeof value !== "boolean") throw new Fault("expected a boolean");
    return value.toString();
  },
};

export const text: Codec<string> = {
  read(json) {
    if (typeof json !== "string") throw new Fault("expected a string");
    return json;
  },
  write(value) {
    if (typeof value !== "string") throw new Fault("expected a string");
    if (isUnwritable(value)) throw new Fault("U+0000 or a lone surrogate in a string");
    return JSON.stringify(value);
  },
};

function checkedIp(address: string): string {
  const canonical = canonicalIp(address);
  if (canonical === undefined) throw new Fault("expected an IP address");
  return canonical;
}

export const ip: Codec<string> = {
  read: (json) => checkedIp(text.read(json)),
  write: (value) => text.write(checkedIp(value)),
};

function digits(json: Json): string {
  if (!(json instanceof JsonNumber) || !/^(?:0|-?[1-9][0-9]*)$/.test(json.text))
    throw new Fault("expected an integer");
  return json.text;
}

function integer(least: number, most: number): Codec<number> {
  function checked(value: number): number {
    if (!Number.isInteger(value) || value < least || value > most)
      throw new Fault(`expected an integer from ${least.toString()} to ${most.toString()}`);
    return value;
  }
  return {
    read: (json) => checked(Number(digits(json))),
    write: (value) => (checked(value) + 0).toString(),
  };
}

function bigInteger(least: bigint, most: bigint): Codec<bigint> {
  function checked(value: bigint): bigint {
    if (typeof value !== "bigint") throw new Fault("expected a bigint");
    if (value < least || value > most)
      throw new Fault(`expected an integer from ${least.toString()} to ${most.toString()}`);
    return value;
  }
  return {
    read(json) {
      const found = digits(json);
      // no 64-bit integer is longer, and BigInt takes its time with long ones
      if (found.length > 20) throw new Fault("an integer of more than 64 bits");
      return checked(BigInt(found));
    },
    write: (value) => checked(value).toString(),
  };
}

export const u8 = integer(0, 2 ** 8 - 1);
export const u16 = integer(0, 2 ** 16 - 1);
export const u32 = integer(0, 2 ** 32 - 1);
export const u64 = bigInteger(0n, 2n ** 64n - 1n);
export const i32 = integer(-(2 ** 31), 2 ** 31 - 1);
export const i64 = bigInteger(-(2n ** 63n), 2n ** 63n - 1n);

/** One of an object's values. */
export function enumeration<T extends string>(values: Readonly<Record<string, T>>): Codec<T> {
  const known = new Map<string, T>(Object.values(values).map((value) => [value, value]));
  return {
    read(json) {
      const name = text.read(json);
      const value = known.get(name);
      if (value === undefined) throw new Fault(`unknown value ${JSON.stringify(name)}`, true);
      return value;
    },
    write(value) {
      if (!known.has(value)) throw new Fault(`expected one of ${[...known.keys()].join(", ")}`);
      return JSON.stringify(value);
    },
  };
}

/** Array.isArray, which makes `any` of what it looks at. */
const isArray: (value: unknown) => boolean = Array.isArray;

/** Items in brackets. */
export function list<T>(items: Codec<T>): Codec<readonly T[]> {
  function each<From, To>(from: readonly From[], make: (item: From) => To): To[] {
    return from.map((item, i) => {
      try {
        return make(item);
      } catch (error) {
        throw located(error, i);
      }
    });
  }
  return {
    read(json) {
      if (!isArray(json)) throw new Fault("expected a list");
      return each(json as readonly Json[], (item) => items.read(item));
    },
    write(value) {
      if (!isArray(value)) throw new Fault("expected an array");
      return `[${each(value, (item) => items.write(item)).join(",")}]`;
    },
  };
}

// ---- keys ----

/** A key that must be there. */
export function required<T>(codec: Codec<T>): Field<T> {
  return {
    read(json) {
      if (json === undefined) throw new Fault("missing");
      return codec.read(json);
    },
    write: (value) => codec.write(value),
  };
}

/** A key that may be missing or null, and is left out when it is undefined. */
export function optional<T>(codec: Codec<T>): Field<T | undefined> {
  return {
    read: (json) => (json === undefined || json === null ? undefined : codec.read(json)),
    write: (value) => (value === undefined ? undefined : codec.write(value)),
  };
}

/** A key that means the fallback when it is missing, and is always written. */
export function defaulted<T>(codec: Codec<T>, fallback: () => NoInfer<T>): Field<T> {
  return {
    read: (json) => (json === undefined ? fallback() : codec.read(json)),
    write: (value: T | undefined) => codec.write(value === undefined ? fallback() : value),
  };
}

/** A list that may be missing, and is left out when it is empty. */
export function skipEmpty<T>(codec: Codec<readonly T[]>): Field<readonly T[]> {
  return {
    read: (json) => (json === undefined ? [] : codec.read(json)),
    write(value: readonly T[] | undefined) {
      const written = value === undefined ? "[]" : codec.write(value);
      return written === "[]" ? undefined : written;
    },
  };
}

// ---- messages ----

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

/** A JSON object: a struct's keys or a union's tag and keys. Also a document of its own. */
export abstract class Message<T extends object> implements Codec<T> {
  /** Reads the value's own keys; others are ignored. */
  abstract readMembers(object: JsonObject): T;

  /** The keys and their values with commas between them, without the braces. */
  abstract writeMembers(value: T): string;

  read(json: Json): T {
    if (!(json instanceof JsonObject)) throw new Fault("expected an object");
    return this.readMembers(json);
  }

  write(value: T): string {
    if (!isObject(value)) throw new Fault("expected an object");
    return `{${this.writeMembers(value)}}`;
  }

  /**
   * Reads a whole document.
   *
   * @throws {@link ProtocolError}, {@link UnknownVariantError}
   */
  decode(body: Uint8Array): T {
    try {
      return this.read(parseJson(body));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const kind = error.unknown ? UnknownVariantError : ProtocolError;
      throw new kind(error.line, error.path);
    }
  }

  /**
   * Writes a whole document in its one canonical form: no blanks, keys in the schema's order.
   *
   * @throws {@link EncodeError}
   */
  encode(value: T): Uint8Array {
    try {
      return Buffer.from(this.write(value));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw new EncodeError(error.line, error.path);
    }
  }
}

/** The keys of T, each with its way to lie on the wire, in writing order. */
export type Fields<T> = { readonly [K in keyof T]-?: Field<T[K]> };

/** A message with keys. */
export class Struct<T extends object> extends Message<T> {
  readonly #rows: readonly (readonly [key: string, field: Field<unknown>])[];

  constructor(readonly fields: Fields<T>) {
    super();
    this.#rows = Object.entries<Field<unknown>>(fields);
  }

  override readMembers(object: JsonObject): T {
    const value: Record<string, unknown> = {};
    for (const [key, field] of this.#rows) {
      const json = object.get(key);
      try {
        const member = field.read(json);
        if (member !== undefined) value[key] = member;
      } catch (error) {
        throw located(error, key);
      }
    }
    return value as T;
  }

  override writeMembers(value: T): string {
    const members: string[] = [];
    for (const [key, field] of this.#rows) {
      try {
        const written = field.write((value as Record<string, unknown>)[key]);
        if (written !== undefined) members.push(`"${key}":${written}`);
      } catch (error) {
        throw located(error, key);
      }
    }
    return members.join(",");
  }
}

/** Nothing beside the tag. */
export const unit: Message<object> = new Struct<object>({});

/** What stands beside the tag in the variants of T that V names. */
type Beside<T, Tag extends PropertyKey, V> = T extends Record<Tag, V> ? Omit<T, Tag> : never;

/** A tagged union: the variant's name stands under the tag, beside the variant's own keys. */
export class Union<T extends Record<Tag, string>, Tag extends string> extends Message<T> {
  readonly #variants: ReadonlyMap<string, Message<object>>;

  constructor(
    readonly tag: Tag,
    variants: { readonly [V in T[Tag]]: Message<Beside<T, Tag, V>> },
  ) {
    super();
    this.#variants = new Map(Object.entries<Message<object>>(variants));
  }

  override readMembers(object: JsonObject): T {
    const name = this.#readTag(object);
    const variant = this.#variants.get(name);
    if (variant === undefined)
      throw new Fault(`unknown variant ${JSON.stringify(name)}`, true).at(this.tag);
    return { [this.tag]: name, ...variant.readMembers(object) } as T;
  }

  override writeMembers(value: T): string {
    const variant = this.#variants.get(value[this.tag]);
    if (variant === undefined)
      throw new Fault(`expected one of ${[...this.#variants.keys()].join(", ")}`).at(this.tag);
    const members = variant.writeMembers(value);
    return `"${this.tag}":"${value[this.tag]}"${members === "" ? "" : ","}${members}`;
  }

  #readTag(object: JsonObject): string {
    const json = object.get(this.tag);
    if (typeof json === "string") return json;
    throw new Fault(json === undefined ? "missing" : "expected a string").at(this.tag);
  }
}
