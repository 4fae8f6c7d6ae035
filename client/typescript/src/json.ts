import { Fault } from "./fault.js";

/**
 * A JSON value as it was read. `JSON.parse` makes a double of every number, which rounds integers
 * above 2^53, and forgets that a key stood twice: here a number keeps its digits, and an object
 * knows its repeated keys.
 */
export type Json = null | boolean | string | JsonNumber | JsonObject | readonly Json[];

/** A number, as its text. */
export class JsonNumber {
  constructor(readonly text: string) {}
}

/** An object. Keys that stand twice are a fault only for who asks for them. */
export class JsonObject {
  readonly #members = new Map<string, Json>();
  #repeated: Set<string> | undefined;

  add(key: string, value: Json): void {
    if (this.#members.has(key)) (this.#repeated ??= new Set()).add(key);
    this.#members.set(key, value);
  }

  /** The member's value; undefined if there is none. */
  get(key: string): Json | undefined {
    if (this.#repeated?.has(key)) throw new Fault("stands twice").at(key);
    return this.#members.get(key);
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Most objects and lists inside each other. */
const maxDepth = 127;

const blanks = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const word = /true|false|null/y;
const words = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/** The text that the body's bytes are, or a fault. */
function textOf(body: Uint8Array): string {
  try {
    return utf8.decode(body);
  } catch {
    throw new Fault("broken UTF-8");
  }
}

/** A lone surrogate, which UTF-8 can't write, or U+0000, which the contract refuses. */
export function isUnwritable(text: string): boolean {
  return text.includes("\0") || /\p{Surrogate}/u.test(text);
}

/** Reads one JSON document and nothing else. */
export function parseJson(body: Uint8Array): Json {
  return new Parser(textOf(body)).document();
}

class Parser {
  #at = 0;
  #depth = 0;

  constructor(readonly text: string) {}

  document(): Json {
    const value = this.#value();
    this.#skipBlanks();
    return this.#at === this.text.length ? value : this.#fail("the end");
  }

  #fail(expected: string): never {
    throw new Fault(`not JSON: expected ${expected} at character ${this.#at.toString()}`);
  }

  /** What the pattern, a sticky one, finds here; "" for nothing. */
  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #skipBlanks(): void {
    if (this.text.charCodeAt(this.#at) <= 0x20) this.#take(blanks);
  }

  /** Takes that character, behind blanks, if it is there. */
  #takes(character: string): boolean {
    this.#skipBlanks();
    if (this.text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #value(): Json {
    this.#skipBlanks();
    switch (this.text[this.#at]) {
      case "{":
        return this.#nested(() => this.#object());
      case "[":
        return this.#nested(() => this.#list());
      case '"':
        return this.#string();
      case "t":
      case "f":
      case "n":
        return this.#word();
      default:
        return new JsonNumber(this.#take(number) || this.#fail("a value"));
    }
  }

  #word(): boolean | null {
    const value = words.get(this.#take(word));
    return value === undefined ? this.#fail("a value") : value;
  }

  #nested<T>(read: () => T): T {
    if (this.#depth === maxDepth) this.#fail(`no more than ${maxDepth.toString()} levels`);
    this.#depth++;
    this.#at++;
    const value = read();
    this.#depth--;
    return value;
  }

  #object(): JsonObject {
    const object = new JsonObject();
    if (this.#takes("}")) return object;
    do {
      this.#skipBlanks();
      const key = this.#string();
      if (!this.#takes(":")) this.#fail("a colon");
      object.add(key, this.#value());
    } while (this.#takes(","));
    return this.#takes("}") ? object : this.#fail("a comma or }");
  }

  #list(): Json[] {
    const list: Json[] = [];
    if (this.#takes("]")) return list;
    do list.push(this.#value());
    while (this.#takes(","));
    return this.#takes("]") ? list : this.#fail("a comma or ]");
  }

  /** Finds where the string ends; what is in it is for JSON.parse. */
  #string(): string {
    if (this.text[this.#at] !== '"') this.#fail("a string");
    let end = this.#at;
    do end = this.text.indexOf('"', end + 1);
    while (end > 0 && this.#isEscaped(end));
    if (end < 0) this.#fail("a string's end");
    const value = this.#unescaped(this.text.slice(this.#at, end + 1));
    this.#at = end + 1;
    return value;
  }

  #unescaped(literal: string): string {
    let value: string;
    try {
      value = JSON.parse(literal) as string;
    } catch {
      return this.#fail("a proper string");
    }
    // only escapes can spell what a body's bytes can't
    return literal.includes("\\") && isUnwritable(value) ? this.#fail("proper escapes") : value;
  }

  #isEscaped(at: number): boolean {
    let first = at;
    while (this.text[first - 1] === "\\") first--;
    return (at - first) % 2 === 1;
  }
}
