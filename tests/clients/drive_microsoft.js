// Drives the Graph fake with Microsoft's JavaScript library, which pages, uploads and batches by code of its own: if it is unhappy, the
// fake is wrong.
//
// Arguments: the fake's address up to `/v1.0`, an access token. Prints nothing if all is well.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";

import library from "@microsoft/microsoft-graph-client";

const { BatchRequestContent, BatchResponseContent, Client, FileUpload, GraphError, LargeFileUploadTask, PageIterator } = library;

const [address, token] = process.argv.slice(2);
const base = new URL(address);
// Milliseconds that notifications may take; only a test that fails waits so long.
const PATIENCE = 30_000;

// The library takes an address for one only if it is TLS, so what goes to the fake and what comes from it is translated on the wire.
const secure = base.origin.replace("http:", "https:");
const overTls = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const request = new Request(String(input).replace(secure, base.origin), init);
  const answer = await overTls(request);
  if (!answer.headers.get("content-type")?.includes("json")) return answer;
  const { status, statusText, headers } = answer;
  return new Response((await answer.text()).replaceAll(base.origin, secure), { status, statusText, headers });
};

// It would give its token to an upload's address here, which has the same host: so the token is put on by hand.
const client = Client.init({
  baseUrl: `${secure}/`,
  defaultVersion: base.pathname.replaceAll("/", ""),
  authProvider: (done) => done(null, token),
});
const headers = { authorization: `Bearer ${token}`, prefer: 'IdType="ImmutableId"' };
const api = (path) => client.api(path).headers(headers);

/** All that a paged answer leads to. */
async function all(first) {
  const found = [];
  const each = (item) => found.push(item) > 0;
  const pages = new PageIterator(client, first, each, { headers });
  await pages.iterate();
  return { found, delta: pages.getDeltaLink() };
}

async function reading() {
  const inbox = await api("/me/mailFolders/inbox").get();
  const { found } = await all(await api("/me/mailFolders/inbox/messages").top(7).select("id,subject,isRead").get());
  assert.equal(found.length, inbox.totalItemCount, "paging comes by every message");
  assert.equal(new Set(found.map(({ id }) => id)).size, found.length, "and by each once");
  await assert.rejects(api("/me/messages/AAMkmissing").get(), (error) => error instanceof GraphError && error.statusCode === 400 && error.code === "ErrorInvalidIdMalformed");
  return found.map(({ id }) => id);
}

async function following(ids) {
  const first = await all(await api("/me/mailFolders/inbox/messages/delta").select("isRead").get());
  assert.equal(first.found.length, ids.length);
  await api(`/me/messages/${ids[0]}`).patch({ isRead: false });
  await api(`/me/messages/${ids[0]}`).patch({ isRead: true });
  const then = await all(await api(first.delta).get());
  assert.deepEqual([...new Set(then.found.map(({ id }) => id))], [ids[0]], "only what changed is told");
}

async function batching(ids) {
  const request = (id) => new Request(`${secure}${base.pathname}/me/messages/${id}?$select=isRead`, { headers: { prefer: headers.prefer } });
  const content = new BatchRequestContent([
    { id: "one", request: request(ids[0]) },
    { id: "none", request: request("AAMkmissing") },
  ]);
  const answers = new BatchResponseContent(await api("/$batch").post(await content.getContent()));
  assert.equal(answers.getResponseById("one").status, 200);
  assert.equal(answers.getResponseById("none").status, 400);
}

async function sending() {
  const me = await api("/me").get();
  const message = { subject: "By the JavaScript library", body: { contentType: "text", content: "Grüße" }, toRecipients: [{ emailAddress: { address: me.mail } }] };
  const draft = await api("/me/messages").post(message);
  const bytes = new Uint8Array(3 * 1024 * 1024 + 7).map((_, at) => at % 251);
  const item = { AttachmentItem: { attachmentType: "file", name: "large.bin", size: bytes.length } };
  const { uploadUrl, expirationDateTime } = await api(`/me/messages/${draft.id}/attachments/createUploadSession`).post(item);
  const session = { url: uploadUrl, expiry: new Date(expirationDateTime) };
  const told = [];
  const task = new LargeFileUploadTask(client, new FileUpload(bytes, "large.bin", bytes.length), session, {
    rangeSize: 1024 * 1024,
    uploadEventHandlers: { progress: ({ minValue }) => told.push(minValue) },
  });
  await task.upload();
  assert.equal(told.length, 4, "piece by piece");
  const [attachment] = (await api(`/me/messages/${draft.id}/attachments`).get()).value;
  const back = await api(`/me/messages/${draft.id}/attachments/${attachment.id}/$value`).responseType("arraybuffer").get();
  assert.ok(Buffer.from(back).equals(Buffer.from(bytes)), "the file is what was uploaded");
  await api(`/me/messages/${draft.id}/send`).post({});
}

/** Where Graph posts to, as long as `use` runs; what came is asked for with `wanted`. */
async function listening(use) {
  const came = [];
  const server = createServer(async (request, answer) => {
    const validation = new URL(request.url, "http://localhost").searchParams.get("validationToken");
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    if (validation === null) {
      came.push(...JSON.parse(Buffer.concat(pieces)).value);
      server.emit("came");
    }
    answer.writeHead(validation === null ? 202 : 200, { "content-type": "text/plain" }).end(validation ?? "");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const signal = AbortSignal.timeout(PATIENCE);
  const wanted = async (isIt) => {
    while (!came.some(isIt)) await once(server, "came", { signal });
    return came.find(isIt);
  };
  try {
    await use(`http://127.0.0.1:${server.address().port}/hook`, wanted);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function notifying(ids) {
  const inMinutes = (minutes) => new Date(Math.floor(Date.now() / 1000) * 1000 + minutes * 60_000).toISOString();
  const refused = (status, code) => (error) => error instanceof GraphError && error.statusCode === status && error.code === code;
  await listening(async (notificationUrl, wanted) => {
    const wish = { changeType: "created,updated,deleted", resource: "/me/messages", notificationUrl, clientState: "told only once", expirationDateTime: inMinutes(60) };
    await assert.rejects(api("/subscriptions").post({ ...wish, expirationDateTime: inMinutes(10_080) }), refused(400, "ExtensionError"));
    const made = await api("/subscriptions").post(wish);
    assert.equal(made.clientState, wish.clientState);
    assert.equal(Date.parse(made.expirationDateTime), Date.parse(wish.expirationDateTime));
    await api(`/me/messages/${ids[0]}`).patch({ isRead: false });
    const told = await wanted((each) => each.changeType === "updated" && each.resourceData.id === ids[0]);
    assert.deepEqual([told.subscriptionId, told.clientState], [made.id, wish.clientState]);
    const later = inMinutes(10_000);
    const renewed = await api(`/subscriptions/${made.id}`).patch({ expirationDateTime: later });
    assert.equal(Date.parse(renewed.expirationDateTime), Date.parse(later));
    await api(`/subscriptions/${made.id}`).delete();
    await assert.rejects(api(`/subscriptions/${made.id}`).patch({ expirationDateTime: later }), refused(404, "ResourceNotFound"));
  });
}

const ids = await reading();
await following(ids);
await batching(ids);
await notifying(ids);
await sending();
