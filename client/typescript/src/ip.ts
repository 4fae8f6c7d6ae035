import { isIPv4, isIPv6 } from "node:net";

/** Both halves of an address beside its `::`, as 16-bit groups. */
function groupsOf(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => parseInt(group, 16));
}

/** A dotted tail as two groups. */
function withoutDots(text: string): string {
  return text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
}

function parseIpv6(text: string): number[] {
  const [left = "", right] = withoutDots(text).split("::");
  const head = groupsOf(left);
  const tail = groupsOf(right ?? "");
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/** The first of the longest runs of zeros, if it is of two at least. */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 1 };
  for (let start = 0; start < groups.length; start++) {
    const end = groups.findIndex((group, i) => i >= start && group !== 0);
    const length = (end < 0 ? groups.length : end) - start;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** RFC 5952, with a dotted tail for `::ffff:0:0/96` alone. */
function formatIpv6(groups: readonly number[]): string {
  const hex = (some: readonly number[]) => some.map((group) => group.toString(16)).join(":");
  const [g6 = 0, g7 = 0] = groups.slice(6);
  if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0))
    return `::ffff:${[g6 >> 8, g6 & 255, g7 >> 8, g7 & 255].join(".")}`;
  const { start, length } = longestZeros(groups);
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

/** The address in the form in which the contract writes it; undefined if the text is none. */
export function canonicalIp(text: string): string | undefined {
  if (isIPv4(text)) return text;
  return isIPv6(text) && !text.includes("%") ? formatIpv6(parseIpv6(text)) : undefined;
}
