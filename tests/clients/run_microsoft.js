// Copies a mailbox of the Graph fake into SQLite with Microsoft's JavaScript library, as its guides lead to: pages of messages with their bodies.
// Kept is what the plugin keeps: bodies, the list of attachments, and an index for full-text search.
//
// Arguments: the fake's address, an access token, the mailbox's address, an empty folder. Prints one line of JSON: seconds and CPU seconds of the first
// sync, and how many messages are there afterwards.

import { mkdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

import library from "@microsoft/microsoft-graph-client";

const [address, token, , folder] = process.argv.slice(2);
// Messages in a page.
const PAGE = 100;
const FIELDS = "id,conversationId,subject,from,toRecipients,ccRecipients,receivedDateTime,isRead,isDraft,flag,categories,parentFolderId,bodyPreview,body,hasAttachments";
const FILES = "attachments($select=id,name,contentType,size,isInline)";

// The library gives its token only to addresses with TLS: they are translated on the wire, and its links are taken for such.
const base = new URL(address).origin;
const secure = base.replace("http:", "https:");
const plainly = globalThis.fetch;
globalThis.fetch = (input, init) => plainly(String(input).replace(secure, base), init);
const client = library.Client.init({
  baseUrl: `${secure}/`,
  defaultVersion: "v1.0",
  customHosts: new Set([new URL(secure).hostname]),
  authProvider: (done) => done(null, token),
});

mkdirSync(folder, { recursive: true });
const database = new DatabaseSync(path.join(folder, "mail.sqlite3"));
database.exec(`
  pragma journal_mode = wal;
  pragma synchronous = normal;
  create table messages (
    id text primary key, thread text, folder text, categories text, received text, read integer, draft integer, flag text, subject text, sender text,
    recipients text, cc text, snippet text, kind text, body text
  );
  create table attachments (message text, id text, name text, type text, size integer, inline integer);
  create virtual table words using fts5 (id unindexed, subject, people, body);
`);
const putMessage = database.prepare("insert into messages values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
const putFile = database.prepare("insert into attachments values (?, ?, ?, ?, ?, ?)");
const putWords = database.prepare("insert into words values (?, ?, ?, ?)");

const person = (recipient) => (recipient?.emailAddress === undefined ? "" : `${recipient.emailAddress.name ?? ""} <${recipient.emailAddress.address ?? ""}>`);
const people = (recipients) => recipients.map(person).join(", ");

function store(messages) {
  database.exec("begin");
  for (const message of messages) {
    const { id, subject, body } = message;
    const [from, to, cc] = [person(message.from), people(message.toRecipients), people(message.ccRecipients)];
    putMessage.run(
      id, message.conversationId, message.parentFolderId, message.categories.join(","), message.receivedDateTime, Number(message.isRead),
      Number(message.isDraft), message.flag.flagStatus, subject ?? "", from, to, cc, message.bodyPreview, body.contentType, body.content,
    );
    for (const file of message.attachments) putFile.run(id, file.id, file.name, file.contentType ?? null, file.size, Number(file.isInline));
    const text = body.contentType === "html" ? body.content.replace(/<[^>]*>/g, " ") : body.content;
    putWords.run(id, subject ?? "", `${from} ${to} ${cc}`, text);
  }
  database.exec("commit");
}

async function sync() {
  let page = await client.api("/me/messages").header("Prefer", 'IdType="ImmutableId"').top(PAGE).select(FIELDS).expand(FILES).get();
  for (;;) {
    store(page.value);
    const next = page["@odata.nextLink"];
    if (next === undefined) return;
    page = await client.api(next.replace(base, secure)).header("Prefer", 'IdType="ImmutableId"').get();
  }
}

const [begun, used] = [performance.now(), process.cpuUsage()];
await sync();
const [seconds, { user, system }] = [(performance.now() - begun) / 1_000, process.cpuUsage(used)];
const messages = database.prepare("select count(*) as messages from messages").get().messages;
console.log(JSON.stringify({ seconds, cpu: (user + system) / 1_000_000, messages }));
