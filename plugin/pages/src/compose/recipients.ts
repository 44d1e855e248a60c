/** Recipients as people type and paste them: `Ann <ann@x.example>; bob@y.example`, lists over several lines, quoted names with commas. */
import type { Address } from "../mailbox/types.ts";

/** What the host takes for an address; the provider has the last word. */
export function plausible(email: string): boolean {
  const at = email.lastIndexOf("@");
  return at > 0 && at < email.length - 1 && !/[\s<>,;"]/u.test(email);
}

/** The addresses in a text. What can't be read as one is given back whole, to be shown as wrong rather than dropped. */
export function parseRecipients(text: string): Address[] {
  return split(text).map(one);
}

/** Whether a text is more than one address that is still being typed. */
export function isSeveral(text: string): boolean {
  return split(text).length > 1;
}

function split(text: string): string[] {
  const found: string[] = [];
  let current = "";
  let quoted = false;
  let angle = false;
  for (const character of text) {
    if (character === '"') quoted = !quoted;
    if (character === "<") angle = true;
    if (character === ">") angle = false;
    if (!quoted && !angle && /[,;\n\r\t，；、]/u.test(character)) {
      found.push(current);
      current = "";
    } else {
      current += character;
    }
  }
  found.push(current);
  const trimmed = found.map((each) => each.trim()).filter((each) => each !== "");
  // Bare addresses are also pasted with spaces between them.
  return trimmed.flatMap((each) => (/^\S+@\S+(\s+\S+@\S+)+$/u.test(each) && !/[<"]/.test(each) ? each.split(/\s+/u) : [each]));
}

function one(text: string): Address {
  const match = /^(.*?)\s*<\s*([^<>]*?)\s*>\s*$/su.exec(text);
  if (match === null) return { name: "", email: text.replace(/^mailto:/i, "") };
  const [, name = "", email = ""] = match;
  return { name: name.trim().replace(/^["'](.*)["']$/su, "$1").replaceAll('\\"', '"').trim(), email: email.replace(/^mailto:/i, "") };
}

/** Adds without naming anybody twice. */
export function added(list: readonly Address[], more: readonly Address[]): Address[] {
  const all = [...list];
  for (const address of more) if (!all.some((known) => sameAddress(known, address))) all.push(address);
  return all;
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.email.toLowerCase() === b.email.toLowerCase();
}

/** As it is copied: a name that has a comma is quoted. */
export function written({ name = "", email }: Address): string {
  if (name === "") return email;
  return /[,;<>"@]/.test(name) ? `"${name.replaceAll('"', '\\"')}" <${email}>` : `${name} <${email}>`;
}
