/** Reads mail as RFC 5322 and MIME write it: enough for what providers hold and send in the tests. */

export interface Part {
  /** By lower-case name, unfolded, as written. */
  headers: ReadonlyMap<string, string>;
  /** Lower case, such as `text/html`. */
  type: string;
  /** File name, decoded. */
  name: string | undefined;
  /** Without transfer encoding; empty where there are parts. */
  bytes: Buffer;
  parts: readonly Part[];
}

export function parse(raw: Buffer): Part {
  // Latin-1 keeps every byte.
  const text = raw.toString("latin1").replaceAll(/\r?\n/g, "\r\n");
  const end = text.indexOf("\r\n\r\n");
  const headers = new Map<string, string>();
  for (const line of text.slice(0, end).replaceAll(/\r\n[ \t]+/g, " ").split("\r\n")) {
    const colon = line.indexOf(":");
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const body = text.slice(end + 4);
  const content = headers.get("content-type") ?? "text/plain";
  const type = content.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const name = parameter(headers.get("content-disposition") ?? "", "filename") ?? parameter(content, "name");
  const boundary = parameter(content, "boundary");
  if (!type.startsWith("multipart/") || boundary === undefined) return { headers, type, name, bytes: decoded(body, headers.get("content-transfer-encoding") ?? ""), parts: [] };
  const pieces = `\r\n${body}`.split(`\r\n--${boundary}`).slice(1);
  const last = pieces.findIndex((piece) => piece.startsWith("--"));
  const parts = pieces.slice(0, last).map((piece) => parse(Buffer.from(piece.slice(piece.indexOf("\r\n") + 2), "latin1")));
  return { headers, type, name, bytes: Buffer.alloc(0), parts };
}

/** All parts that hold something, in their order. */
export function leaves(part: Part): Part[] {
  return part.parts.length === 0 ? [part] : part.parts.flatMap(leaves);
}

/** The text of the first part of this type. */
export function textOf(part: Part, type: string): string {
  const found = leaves(part).find((leaf) => leaf.type === type);
  if (found === undefined) throw new Error(`there is no ${type} among ${leaves(part).map((leaf) => leaf.type).join(", ")}`);
  return new TextDecoder(parameter(found.headers.get("content-type") ?? "", "charset") ?? "utf-8").decode(found.bytes);
}

/** The file with this name. */
export function file(part: Part, name: string): Buffer {
  const found = leaves(part).find((leaf) => leaf.name === name);
  if (found === undefined) throw new Error(`there is no file ${name} among ${leaves(part).map((leaf) => leaf.name ?? leaf.type).join(", ")}`);
  return found.bytes;
}

/** A header, with RFC 2047's words decoded. */
export function header(part: Part, name: string): string | undefined {
  const value = part.headers.get(name);
  return value === undefined ? undefined : words(value);
}

function words(text: string): string {
  return text.replaceAll(/(\?=)\s+(?==\?)/g, "$1").replaceAll(/=\?([^?]+)\?([bq])\?([^?]*)\?=/gi, (_, charset: string, how: string, word: string) => {
    const bytes = how.toLowerCase() === "b" ? Buffer.from(word, "base64") : quotedPrintable(word.replaceAll("_", " "));
    return new TextDecoder(charset).decode(bytes);
  });
}

/** RFC 2231's pieces and charset included. */
function parameter(header: string, name: string): string | undefined {
  const found = [...header.matchAll(new RegExp(`;\\s*${name}(\\*\\d+)?(\\*)?=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]*))`, "gi"))];
  if (found.length === 0) return undefined;
  const whole = found.map(([, , , quoted, bare]) => quoted?.replaceAll(/\\(.)/g, "$1") ?? bare ?? "").join("");
  if (!found.some(([, , encoded]) => encoded !== undefined)) return words(whole);
  const [, charset = "utf-8", rest = whole] = /^([^']*)'[^']*'(.*)$/s.exec(whole) ?? [];
  return new TextDecoder(charset).decode(Buffer.from(rest.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), "latin1"));
}

function decoded(body: string, encoding: string): Buffer {
  switch (encoding.toLowerCase()) {
    case "base64":
      return Buffer.from(body, "base64");
    case "quoted-printable":
      return quotedPrintable(body);
    default:
      return Buffer.from(body, "latin1");
  }
}

function quotedPrintable(text: string): Buffer {
  return Buffer.from(text.replaceAll(/=\r\n/g, "").replaceAll(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), "latin1");
}
