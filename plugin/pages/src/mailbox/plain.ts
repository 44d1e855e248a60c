/** Plain text for reading: links that can be followed, and how deep a line is quoted. */

export interface Piece {
  text: string;
  href?: string;
}

const LINK = /\bhttps?:\/\/[^\s<>"'`{}|\\^]+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/giu;

/** Text with web and mail addresses apart. What ends a sentence or closes a bracket around a link is not part of it. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const link = trimmed(match[0]);
    if (match.index > end) found.push({ text: text.slice(end, match.index) });
    found.push({ text: link, href: /^https?:/i.test(link) ? link : `mailto:${link}` });
    end = match.index + link.length;
  }
  if (end < text.length) found.push({ text: text.slice(end) });
  return found;
}

function trimmed(link: string): string {
  let text = link;
  for (;;) {
    const last = text.at(-1) ?? "";
    const opening = { ")": "(", "]": "[", "）": "（" }[last];
    if (/[.,;:!?»”’。，、；：！？*_]/u.test(last)) text = text.slice(0, -1);
    else if (opening !== undefined && count(text, last) > count(text, opening)) text = text.slice(0, -1);
    else return text;
  }
}

const count = (text: string, character: string): number => text.split(character).length - 1;

export interface Block {
  /** How many `>` stand before its lines. */
  depth: number;
  text: string;
}

/** Lines joined into blocks of the same depth of quoting, the `>` taken off. */
export function blocks(text: string): Block[] {
  const found: Block[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [marks = ""] = /^(?:> ?)*/.exec(line) ?? [];
    const depth = count(marks, ">");
    const rest = line.slice(marks.length);
    const last = found.at(-1);
    if (last?.depth === depth) last.text += `\n${rest}`;
    else found.push({ depth, text: rest });
  }
  return found;
}
