// Holds requests and answers of the Graph fake against Microsoft's own description of Graph: the TypeScript types that Microsoft generates from
// its metadata. Each body is written down as a literal of its type, and the compiler says what does not fit.
//
// Argument: a file with exchanges, as the fake keeps them. Prints what does not fit, and fails if anything does not.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import ts from "typescript";

const TYPES = createRequire(import.meta.url).resolve("@microsoft/microsoft-graph-types/package.json");
const TEXT = 200;

const page = (of) => ({ answer: `Page<${of}>` });
const one = (of) => ({ answer: of });
/** What is said, by method and route below a mailbox, if it is about one; a body that is not named here is not allowed. */
const KNOWN = {
  "GET /": one("graph.User"),
  "GET /mailFolders": page("Folder"),
  "POST /mailFolders": { request: "graph.MailFolder", answer: "graph.MailFolder" },
  "GET /mailFolders/{}": one("Folder"),
  "DELETE /mailFolders/{}": {},
  "GET /mailFolders/{}/childFolders": page("Folder"),
  "GET /mailFolders/{}/messages": page("Mail"),
  "GET /mailFolders/{}/messages/delta": page("Mail & Removed"),
  "GET /messages": page("Mail"),
  "POST /messages": { request: "Holding<graph.Message>", answer: "Mail" },
  "GET /messages/{}": one("Mail"),
  "PATCH /messages/{}": { request: "Holding<graph.Message>", answer: "Mail" },
  "DELETE /messages/{}": {},
  "GET /messages/{}/$value": {},
  "GET /messages/{}/attachments": page("File"),
  "POST /messages/{}/attachments": { request: "File", answer: "File" },
  "GET /messages/{}/attachments/{}": one("File"),
  "DELETE /messages/{}/attachments/{}": {},
  "GET /messages/{}/attachments/{}/$value": {},
  "POST /messages/{}/attachments/createUploadSession": { request: "{ AttachmentItem: graph.AttachmentItem }", answer: "graph.UploadSession" },
  "POST /messages/{}/createForward": { request: "Answer & { toRecipients?: graph.Recipient[]; ToRecipients?: graph.Recipient[] }", answer: "Mail" },
  "POST /messages/{}/createReply": { request: "Answer", answer: "Mail" },
  "POST /messages/{}/createReplyAll": { request: "Answer", answer: "Mail" },
  "POST /messages/{}/move": { request: "Move", answer: "Mail" },
  "POST /messages/{}/permanentDelete": {},
  "POST /messages/{}/send": { request: "Record<string, never>" },
  "GET /outlook/masterCategories": page("graph.OutlookCategory"),
  "GET /subscriptions": page("graph.Subscription"),
  "POST /subscriptions": { request: "Subscribing", answer: "graph.Subscription" },
  "GET /subscriptions/{}": one("graph.Subscription"),
  "PATCH /subscriptions/{}": { request: "Renewing", answer: "graph.Subscription" },
  "DELETE /subscriptions/{}": {},
  "POST /subscriptions/{}/reauthorize": { request: "Record<string, never>" },
  // What Graph itself posts to a subscriber.
  "POST notificationUrl": { request: "Notifying<Change>" },
  "POST lifecycleNotificationUrl": { request: "Notifying<Lifecycle>" },
};
const REFUSAL = "{ error: { code: string; message: string; innerError?: object; details?: object[] } }";

const HEAD = `
import type * as graph from "@microsoft/microsoft-graph-types";
type Page<T> = { value: T[] };
type Mail = Holding<graph.Message> | Holding<graph.EventMessage> | Holding<graph.EventMessageRequest> | Holding<graph.EventMessageResponse>;
// Attachments are of a kind, each, that the metadata derives from the one that it names.
type Holding<T> = Omit<T, "attachments"> & { attachments?: File[] };
type Folder = graph.MailFolder | graph.MailSearchFolder;
type File = graph.FileAttachment | graph.ItemAttachment | graph.ReferenceAttachment;
// The metadata writes parameters of actions with a capital letter, the documentation without; both are taken.
type Answer = { comment?: string; Comment?: string; message?: Holding<graph.Message>; Message?: Holding<graph.Message> };
type Move = { destinationId: string } | { DestinationId: string };
type Removed = { "@removed"?: { reason: "changed" | "deleted" } };
// What the documentation says is required; the types leave everything out.
type With<T, Names extends keyof T> = T & Required<Pick<T, Names>>;
type Subscribing = With<graph.Subscription, "changeType" | "expirationDateTime" | "notificationUrl" | "resource">;
type Renewing = Required<Pick<graph.Subscription, "expirationDateTime">>;
type Notifying<T> = Omit<graph.ChangeNotificationCollection, "value"> & { value: T[] };
type Notification = With<graph.ChangeNotification, "subscriptionExpirationDateTime" | "subscriptionId" | "tenantId">;
type Change = With<Notification, "changeType" | "resource" | "resourceData">;
type Lifecycle = With<Notification, "lifecycleEvent">;
`;

/** Routes below a mailbox, those of subscriptions, and properties with a subscriber's address. */
const PLACES = [/^\/v1\.0\/(?:me|users\/\{[^}]*\})(\/.*)?$/, /^\/v1\.0(\/subscriptions.*)$/, /^(\w+)$/];

/** Without OData's own annotations, which are no part of the types; and no text longer than tells its kind. */
function plain(value) {
  if (typeof value === "string") return value.length > TEXT ? value.slice(0, TEXT) : value;
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  const annotation = (name) => name.includes("@odata.") || name.startsWith("@microsoft.");
  return Object.fromEntries(Object.entries(value).flatMap(([name, each]) => (annotation(name) ? [] : [[name, plain(each)]])));
}

function typed(exchange) {
  const below = PLACES.map((place) => exchange.route.match(place)).find((found) => found !== null);
  if (below === undefined) return undefined;
  const route = `${exchange.method} ${(below[1] ?? "/").replace(/\{[^}]*\}/g, "{}")}`;
  return KNOWN[route] ?? { unknown: route };
}

const lines = [HEAD];
/** By line of the program: what it is. */
const places = new Map();
const faults = new Set();
let checked = 0;

function literal(what, type, value) {
  const text = JSON.stringify(plain(value));
  places.set(lines.join("\n").split("\n").length + 1, what);
  lines.push(`export const body${places.size}: ${type} = ${text};`);
}

for (const exchange of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  if (exchange.provider !== "microsoft") continue;
  const types = typed(exchange);
  if (types === undefined) continue;
  checked += 1;
  const what = `${exchange.method} ${exchange.route} ${exchange.status}`;
  if (types.unknown !== undefined) faults.add(`${what}: it is not known what is said there`);
  for (const side of ["request", "answer"]) {
    const body = exchange[side];
    const type = side === "answer" && exchange.status >= 400 ? REFUSAL : types[side];
    // Of a refused request nothing is said.
    if (body === null || (side === "request" && exchange.status >= 400)) continue;
    if (type === undefined) faults.add(`${what}: has ${side === "answer" ? "an answer" : "a request"} with a body`);
    else literal(`${what} ${side}`, type, body);
  }
}

const name = path.join(path.dirname(new URL(import.meta.url).pathname), "exchanges.ts");
const options = { strict: true, noEmit: true, skipLibCheck: true, exactOptionalPropertyTypes: false, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, types: [] };
const host = ts.createCompilerHost(options);
const read = host.getSourceFile.bind(host);
const source = lines.join("\n");
host.getSourceFile = (file, ...rest) => (file === name ? ts.createSourceFile(file, source, ts.ScriptTarget.Latest) : read(file, ...rest));
const exists = host.fileExists.bind(host);
host.fileExists = (file) => file === name || exists(file);
for (const diagnostic of ts.getPreEmitDiagnostics(ts.createProgram([name], options, host))) {
  const line = diagnostic.file === undefined ? -1 : diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line + 1;
  faults.add(`${places.get(line) ?? `line ${line}`}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n    ")}`);
}
for (const fault of [...faults].sort()) console.log(fault);
console.error(`${checked} exchanges held against Microsoft's types ${JSON.parse(readFileSync(TYPES, "utf8")).version}`);
process.exit(faults.size > 0 || checked === 0 ? 1 : 0);
