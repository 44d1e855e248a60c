/** What happens at a provider, by its own hand: the control API of the fakes, see `tests/provider-sim/src/control`. */
import type { ProviderName, System } from "./system.ts";

/** A message as the provider has it. */
export interface Remote {
  id: string;
  thread: string;
  /** With angle brackets. */
  message_id: string | null;
  subject: string;
  /** Labels, or the one folder, by id. */
  folders: string[];
  categories: string[];
  read: boolean;
  starred: boolean;
  draft: boolean;
  /** Milliseconds since the Unix epoch. */
  received: number;
}

export interface Mailbox {
  /** Newest first. */
  messages: Remote[];
  folders: { id: string; name: string; role: string | null }[];
}

/** What left the provider. */
export interface Sent {
  from: string;
  /** Of the envelope, hidden ones included. */
  to: string[];
  raw: Buffer;
}

/** A request that the provider was asked. */
export interface Access {
  provider: ProviderName;
  method: string;
  route: string;
  status: number | null;
}

/** The folders of either provider that tests speak of, by the roles that they have there. */
const PLACES = { inbox: ["INBOX", "inbox"], trash: ["TRASH", "deleteditems"], spam: ["SPAM", "junkemail"] } as const;

export type Place = keyof typeof PLACES;

export class Provider {
  readonly address: string;
  readonly company: string;

  constructor(
    system: System,
    readonly name: ProviderName,
  ) {
    this.address = system[name].address;
    this.company = name === "google" ? "Google" : "Microsoft";
    this.#control = system[name].control;
  }

  readonly #control: string;

  mailbox(): Promise<Mailbox> {
    return this.#json("GET", this.#at(""));
  }

  /** The message with this subject; an error unless there is exactly one. */
  async message(subject: string): Promise<Remote> {
    const found = (await this.mailbox()).messages.filter((message) => message.subject === subject);
    const [one] = found;
    if (one === undefined || found.length > 1) throw new Error(`${found.length} messages are called “${subject}” at ${this.company}`);
    return one;
  }

  /** Whether it is there, or has that label: one of the places, or what a person calls a folder or label. */
  async isIn(subject: string, place: Place | { named: string }): Promise<boolean> {
    const { folders } = await this.mailbox();
    const message = await this.message(subject);
    const wanted = typeof place === "string" ? folders.filter(({ role }) => PLACES[place].some((known) => known === role)) : folders.filter(({ name }) => name === place.named);
    if (wanted.length === 0) throw new Error(`there is no such place at ${this.company}: ${JSON.stringify(place)}`);
    return wanted.some(({ id }) => message.folders.includes(id));
  }

  /** Mail arrives from outside. */
  async deliver(raw: string, options: { read?: boolean; received?: number } = {}): Promise<void> {
    const query = new URLSearchParams(Object.entries(options).map(([name, value]) => [name, String(value)]));
    await this.#call("POST", `${this.#at("/messages")}?${query}`, raw, "message/rfc822");
  }

  /** Somebody deletes it there for ever. */
  async remove(subject: string): Promise<void> {
    const { id } = await this.message(subject);
    await this.#call("DELETE", this.#at(`/messages/${encodeURIComponent(id)}`));
  }

  /** Its bytes, as the provider holds them. */
  async raw(id: string): Promise<Buffer> {
    return this.#call("GET", this.#at(`/messages/${encodeURIComponent(id)}/raw`));
  }

  /** Everything that was sent, oldest first. */
  async sent(): Promise<Sent[]> {
    const all = await this.#json<(Omit<Sent, "raw"> & { raw: string })[]>("GET", `${this.#control}/sent`);
    return all.map((each) => ({ ...each, raw: Buffer.from(each.raw, "base64") }));
  }

  /** What only this provider can be asked. */
  ask<T>(action: string, body: object): Promise<T> {
    return this.#json("POST", `${this.#control}/do/${action}`, JSON.stringify(body), "application/json");
  }

  /** Requests so far, oldest first. */
  async asked(): Promise<Access[]> {
    const all = await this.#json<Access[]>("GET", new URL("/_control/access", this.#control).href);
    return all.filter(({ provider }) => provider === this.name);
  }

  /** Every answer of the mail API takes longer, until the function is called that this answers. */
  async slow(ms: number): Promise<() => Promise<void>> {
    const fault = { provider: this.name, path: "/(gmail|batch|v1.0)/", action: { do: "delay", ms } };
    const faults = new URL("/_control/faults", this.#control).href;
    const { id } = await this.#json<{ id: number }>("POST", faults, JSON.stringify(fault), "application/json");
    return async () => {
      await this.#call("DELETE", `${faults}/${id}`);
    };
  }

  #at(rest: string): string {
    return `${this.#control}/mailboxes/${this.address}${rest}`;
  }

  async #json<T>(method: string, url: string, body?: string, type?: string): Promise<T> {
    return JSON.parse((await this.#call(method, url, body, type)).toString()) as T;
  }

  async #call(method: string, url: string, body?: string, type?: string): Promise<Buffer> {
    const answer = await fetch(url, { method, ...(body === undefined ? {} : { body }), ...(type === undefined ? {} : { headers: { "content-type": type } }) });
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${bytes.toString()}`);
    return bytes;
  }
}

interface Letter {
  subject: string;
  /** Message-ID, with angle brackets. */
  id: string;
  text?: string;
  from?: string;
  /** What it answers, oldest first. */
  references?: string[];
  file?: { name: string; bytes: Buffer };
}

/** A letter from outside, as bytes on the wire. Names and subjects are ASCII. */
export function letter({ subject, id, text = "Hello there.", from = "Someone Else <someone@elsewhere.example>", references = [], file }: Letter): string {
  const head = [`Message-ID: ${id}`, `From: ${from}`, "To: ada@example.com", `Subject: ${subject}`, `Date: ${new Date().toUTCString().replace("GMT", "+0000")}`, "MIME-Version: 1.0"];
  if (references.length > 0) head.push(`In-Reply-To: ${references.at(-1)}`, `References: ${references.join(" ")}`);
  const plain = ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "", lines(Buffer.from(text))];
  if (file === undefined) return [...head, ...plain, ""].join("\r\n");
  const enclosed = ["Content-Type: application/octet-stream", `Content-Disposition: attachment; filename="${file.name}"`, "Content-Transfer-Encoding: base64", "", lines(file.bytes)];
  return [...head, 'Content-Type: multipart/mixed; boundary="edge"', "", "--edge", ...plain, "--edge", ...enclosed, "--edge--", ""].join("\r\n");
}

const lines = (bytes: Buffer): string => bytes.toString("base64").replaceAll(/.{76}(?=.)/g, "$&\r\n");
