// Drives the Graph fake with Microsoft's JavaScript library, which pages, uploads and batches by code of its own: if it is unhappy, the
// fake is wrong.
//
// Arguments: the fake's address up to `/v1.0`, an access token. Prints nothing if all is well.

import assert from "node:assert/strict";

import library from "@microsoft/microsoft-graph-client";

const { BatchRequestContent, BatchResponseContent, Client, FileUpload, GraphError, LargeFileUploadTask, PageIterator } = library;

const [address, token] = process.argv.slice(2);
const base = new URL(address);

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

const ids = await reading();
await following(ids);
await batching(ids);
await sending();
