/** Marks in a text what a search looked for. */

export interface Segment {
  text: string;
  hit: boolean;
}

/** The words and phrases of a search, without what can't be looked for. */
export function terms(q: string | undefined): string[] {
  if (q === undefined) return [];
  const found: string[] = [];
  for (const [, phrase, word] of q.matchAll(/"([^"]+)"|(\S+)/g)) {
    const term = (phrase ?? word ?? "").replaceAll('"', "").trim();
    if (term !== "") found.push(term);
  }
  return found;
}

/**
 * A text in pieces, hits apart. Letters are compared without case and accents, as the store's search does; a word begins where a letter does
 * not precede it, except in scripts that write without spaces.
 */
export function highlight(text: string, wanted: readonly string[]): Segment[] {
  if (wanted.length === 0 || text === "") return [{ text, hit: false }];
  const { folded, places } = fold(text);
  const spans: [number, number][] = [];
  for (const term of wanted) {
    const needle = fold(term).folded;
    if (needle === "") continue;
    for (let at = folded.indexOf(needle); at >= 0; at = folded.indexOf(needle, at + needle.length)) {
      if (!beginsWord(folded, at)) continue;
      spans.push([places[at] ?? 0, places[at + needle.length] ?? text.length]);
    }
  }
  spans.sort((a, b) => a[0] - b[0]);
  const segments: Segment[] = [];
  let end = 0;
  for (const [from, to] of spans) {
    if (to <= end) continue;
    const start = Math.max(from, end);
    if (start > end) segments.push({ text: text.slice(end, start), hit: false });
    segments.push({ text: text.slice(start, to), hit: true });
    end = to;
  }
  if (end < text.length) segments.push({ text: text.slice(end), hit: false });
  return segments;
}

/** A text that begins shortly before its first hit, so that a narrow row shows it. */
export function around(text: string, wanted: readonly string[], before = 24): string {
  const [first, second] = highlight(text, wanted);
  if (first === undefined || first.hit || second === undefined || first.text.length <= before * 2) return text;
  const from = first.text.length - before;
  const word = text.indexOf(" ", from);
  return `… ${text.slice(word >= 0 && word < first.text.length ? word + 1 : from).trimStart()}`;
}

/** Up to `most` short pieces of a text around its hits: for a text that can't be marked where it stands. */
export function passages(text: string, wanted: readonly string[], most = 3, beside = 60): Segment[][] {
  const segments = highlight(text.replaceAll(/\s+/g, " ").trim(), wanted);
  const spans: [number, number][] = [];
  for (const [at, { hit }] of segments.entries()) {
    if (!hit) continue;
    const last = spans.at(-1);
    // Hits close to each other are one passage.
    if (last !== undefined && (last[1] === at - 1 || (segments[at - 1]?.text ?? "").length <= 2 * beside)) last[1] = at;
    else spans.push([at, at]);
  }
  return spans.slice(0, most).map(([from, to]) => {
    const before = segments[from - 1];
    const after = segments[to + 1];
    return [
      ...(before === undefined ? [] : [{ text: cut(before.text, -beside), hit: false }]),
      ...segments.slice(from, to + 1),
      ...(after === undefined ? [] : [{ text: cut(after.text, beside), hit: false }]),
    ];
  });
}

/** The first so many characters, or with a negative number the last, in whole words. */
function cut(text: string, size: number): string {
  if (text.length <= Math.abs(size)) return text;
  if (size > 0) {
    const end = text.lastIndexOf(" ", size);
    return `${text.slice(0, end > 0 ? end : size)} …`;
  }
  const from = text.length + size;
  const word = text.indexOf(" ", from);
  return `… ${text.slice(word >= 0 && word < text.length - 1 ? word + 1 : from)}`;
}

/** The text without case and accents, with where each of its characters came from. */
function fold(text: string): { folded: string; places: number[] } {
  let folded = "";
  const places: number[] = [];
  let at = 0;
  for (const character of text) {
    const plain = character.normalize("NFD").replace(/\p{Mn}/gu, "").toLowerCase().replaceAll("ё", "е");
    for (let unit = 0; unit < plain.length; unit += 1) places.push(at);
    folded += plain;
    at += character.length;
  }
  places.push(text.length);
  return { folded, places };
}

function beginsWord(text: string, at: number): boolean {
  const before = text[at - 1];
  if (before === undefined || !/[\p{L}\p{N}]/u.test(before)) return true;
  return /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]/u.test(text[at] ?? "");
}
