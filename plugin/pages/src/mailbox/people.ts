/** Names of people for narrow places. */
import type { Address } from "./types.ts";

export function nameOf({ name = "", email }: Address): string {
  const shown = name.trim();
  return shown === "" || shown === email ? email : shown;
}

/** The given name, or what stands before the `@`. */
export function shortName(address: Address): string {
  const name = nameOf(address);
  if (name.includes("@")) return name.slice(0, name.indexOf("@")) || name;
  // "Lee, Ann" and "Ann Lee"; names without spaces stay whole.
  const [before = "", after] = name.split(/,\s*/, 2);
  return (after ?? before).split(/\s+/)[0] ?? name;
}

/** Who takes part, for a row: a single one with the whole name, of several the given names; `me` stands for oneself. */
export function participants(list: readonly Address[], own: ReadonlySet<string>, me: string): string {
  const named = (address: Address, short: boolean) => (own.has(address.email.toLowerCase()) ? me : short ? shortName(address) : nameOf(address));
  const [first] = list;
  if (list.length <= 1) return first === undefined ? "" : named(first, false);
  const others = [...new Set(list.map((address) => named(address, true)))];
  if (others.length <= 3) return others.join(", ");
  return [others[0], "…", ...others.slice(-2)].join(", ").replace(", …, ", " … ");
}

/** Up to two letters for a picture. */
export function initials(address: Address | undefined): string {
  if (address === undefined) return "?";
  const words = nameOf(address).replace(/["'()<>]/g, "").split(/[\s.@_,-]+/u).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const [first, second] = words;
  if (first === undefined) return "?";
  // One sign of such a script is a whole word.
  if (/^[\p{sc=Han}\p{sc=Hangul}\p{sc=Hiragana}\p{sc=Katakana}]/u.test(first)) return [...first][0] ?? "?";
  const letters = [first, ...(second !== undefined && !nameOf(address).includes("@") ? [second] : [])].map((word) => [...word][0] ?? "");
  return letters.join("").toLocaleUpperCase();
}

/** The same hue for the same address, always. */
export function hue(address: Address | undefined): number {
  let sum = 7;
  for (const character of (address?.email ?? "").toLowerCase()) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 3_600;
  return Math.round(sum / 10);
}
