/**
 * Sends the vectors of a file through a testee: `vectors.js FILE.jsonl`. What must be accepted must
 * come back in its canonical form; how much of the rest is refused is told.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { frameOf, FrameReader } from "../src/frame.js";

interface Line {
  type: string;
  name?: string;
  mutation?: string;
  body: string;
  accepted?: boolean;
  strict?: boolean;
  canonical?: string;
}

interface Vector {
  type: string;
  name: string;
  body: Buffer;
  /** undefined: may be refused */
  canonical: string | undefined;
}

function linesOf(path: string): Line[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Line);
}

function vectorsOf(path: string): Vector[] {
  // what an older line's body is written as, where that differs
  const newer = new Map(
    linesOf(join(dirname(path), "older-lines.jsonl")).map((line) => [line.body, line.canonical]),
  );
  return linesOf(path).map((line) => {
    const { type, mutation } = line;
    if (mutation === undefined) {
      const canonical = line.canonical ?? newer.get(line.body) ?? line.body;
      return { type, name: line.name ?? "", body: Buffer.from(line.body), canonical };
    }
    const canonical = line.accepted && !line.strict ? line.canonical : undefined;
    return { type, name: mutation, body: Buffer.from(line.body, "base64"), canonical };
  });
}

/** The testee's answers to the bodies, each asked for when the one before was read. */
async function ask(type: string, bodies: readonly Buffer[]): Promise<Buffer[]> {
  const program = fileURLToPath(new URL("testee.js", import.meta.url));
  const testee = spawn(process.execPath, [program, "--type", type], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const reader = new FrameReader();
  const answers: Buffer[] = [];
  testee.stdin.write(frameOf(bodies[0] ?? Buffer.of()));
  for await (const chunk of testee.stdout) {
    reader.push(chunk as Buffer);
    const answer = reader.next();
    if (answer === undefined) continue;
    answers.push(answer);
    const body = bodies[answers.length];
    if (body === undefined) testee.stdin.end();
    else testee.stdin.write(frameOf(body));
  }
  return answers;
}

const counts = { accepted: 0, wrong: 0, refused: 0, lax: 0 };
const vectors = vectorsOf(process.argv[2] ?? "");
for (const type of new Set(vectors.map((vector) => vector.type))) {
  const some = vectors.filter((vector) => vector.type === type);
  const answers = await ask(
    type,
    some.map((vector) => vector.body),
  );
  some.forEach(({ name, body, canonical }, i) => {
    const answer = answers[i]?.toString() ?? "";
    if (canonical === undefined) counts[answer.startsWith("R") ? "refused" : "lax"]++;
    else if (answer === `A${canonical}`) counts.accepted++;
    else {
      counts.wrong++;
      console.log(`${type} ${name}: ${body.toString()}\n  gave ${answer}\n  not  A${canonical}`);
    }
  });
}
const { accepted, wrong, refused, lax } = counts;
console.log(
  `${accepted.toString()} accepted as they must be, ${wrong.toString()} not; ` +
    `${refused.toString()} of ${(refused + lax).toString()} others refused`,
);
process.exitCode = wrong > 0 || accepted === 0 ? 1 : 0;
