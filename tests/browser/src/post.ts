/** Mail as it travels, and how it gets into a mailbox. */
import { expect, type Page } from "@playwright/test";

import type { ProviderName, System } from "./system.ts";

export interface Part {
  /** As the sender says it, parameters included. */
  type: string;
  /** Of the file. */
  name?: string;
  /** Content-ID without its brackets. */
  id?: string;
  /** Shown within the text. */
  inline?: boolean;
  body: string | Uint8Array;
}

export interface Letter {
  /** Message-ID without its brackets. */
  id: string;
  /** The first message of the conversation. */
  root?: string;
  /** `encoded`: in encoded words, which may hold any sign, even where none is needed. */
  from: { name: string; encoded?: boolean };
  subject: string;
  html: string;
  parts?: readonly Part[];
}

const STRANGER = "stranger@evil.example";
const BOUNDARY = "=_between_the_parts";

/** A header's text in encoded words, each short enough for the standard. */
function encoded(text: string): string {
  const words: string[] = [];
  let word = "";
  for (const character of text) {
    if (Buffer.byteLength(word + character) > 45) {
      words.push(word);
      word = "";
    }
    word += character;
  }
  return [...words, word].map((each) => `=?utf-8?B?${Buffer.from(each).toString("base64")}?=`).join("\r\n ");
}

/** A name in quotes. */
function phrase(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

function base64(body: string | Uint8Array): string {
  return Buffer.from(body).toString("base64").replaceAll(/.{76}/g, "$&\r\n");
}

function part({ type, name, id, inline = false, body }: Part): string {
  // Brackets and quotes mean something there, too.
  const file = name === undefined ? "" : `; filename*=utf-8''${encodeURIComponent(name).replaceAll(/['()*!]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)}`;
  const lines = [`Content-Type: ${type}`, "Content-Transfer-Encoding: base64", `Content-Disposition: ${inline ? "inline" : "attachment"}${file}`];
  if (id !== undefined) lines.push(`Content-ID: <${id}>`);
  return `${lines.join("\r\n")}\r\n\r\n${base64(body)}\r\n`;
}

export function write({ id, root, from, subject, html, parts = [] }: Letter): string {
  const head = [
    `Message-ID: <${id}>`,
    `Date: ${new Date().toUTCString()}`,
    `From: ${from.encoded === true ? encoded(from.name) : phrase(from.name)} <${STRANGER}>`,
    "To: ada@example.com",
    `Subject: ${encoded(subject)}`,
    "MIME-Version: 1.0",
  ];
  if (root !== undefined) head.push(`References: <${root}>`, `In-Reply-To: <${root}>`);
  const text = `Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(html)}\r\n`;
  if (parts.length === 0) return `${head.join("\r\n")}\r\n${text}`;
  const body = [text, ...parts.map(part)].map((each) => `--${BOUNDARY}\r\n${each}`).join("");
  return `${head.join("\r\n")}\r\nContent-Type: multipart/related; boundary="${BOUNDARY}"\r\n\r\n${body}--${BOUNDARY}--\r\n`;
}

/** Puts messages into the provider's main mailbox, read: nothing is done to them but what a test does. */
export async function deliver(system: System, provider: ProviderName, letters: readonly Letter[]): Promise<void> {
  const { control, address } = system[provider];
  const to = `${control}/mailboxes/${encodeURIComponent(address)}/messages?read=true`;
  for (const letter of letters) {
    const answer = await fetch(to, { method: "POST", headers: { "content-type": "message/rfc822" }, body: write(letter) });
    if (!answer.ok) throw new Error(`delivering ${letter.id}: ${answer.status} ${await answer.text()}`);
  }
}

interface Thread {
  id: string;
  subject: string;
}

export interface Arrived {
  id: string;
  message_header_id?: string | null;
}

/** Reads with the session of the page. */
export async function read<T>(page: Page, system: System, path: string): Promise<T> {
  const answer = await page.request.get(new URL(path, system.base).href);
  if (!answer.ok()) throw new Error(`${path}: ${answer.status()} ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** Has the provider's mailbox looked at now, and waits until as many messages as it has are here. */
export async function synchronised(page: Page, system: System, provider: ProviderName): Promise<void> {
  const { control, address } = system[provider];
  const there = (await (await fetch(`${control}/mailboxes/${encodeURIComponent(address)}`)).json()) as { messages: unknown[] };
  type Accounts = { items: { id: string; email: string; status: { local_count: number; condition: string } }[] };
  const account = async () => (await read<Accounts>(page, system, "/api/mail/accounts")).items.find(({ email }) => email === address);
  const id = (await account())?.id;
  if (id === undefined) throw new Error(`${address} is not linked`);
  const { origin } = new URL(system.base);
  const asked = await page.request.post(`${origin}/api/mail/accounts/${id}/sync`, { headers: { origin } });
  expect(asked.status()).toBe(202);
  await expect.poll(async () => (await account())?.status).toMatchObject({ local_count: there.messages.length, condition: "up-to-date" });
}

/** Conversations by their subjects, of the newest in the mailbox. */
export async function conversations(page: Page, system: System): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const { items } = await read<{ items: Thread[] }>(page, system, "/api/mail/threads?limit=100");
  for (const { id, subject } of items) found.set(subject, id);
  return found;
}

/** The messages of a conversation. */
export async function messages(page: Page, system: System, thread: string): Promise<Arrived[]> {
  return (await read<{ messages: Arrived[] }>(page, system, `/api/mail/threads/${encodeURIComponent(thread)}`)).messages;
}
