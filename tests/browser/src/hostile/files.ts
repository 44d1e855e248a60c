/** Files that are not what they say. */
import type { Part } from "../post.ts";

/** A page that tells when it is one, and asks for something. */
const PAGE = '<!doctype html><title>x</title><script>alert("file")</script><body onload="alert(\'file\')"><img src="http://file.evil.example/a">';
const DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(\'file\')"><script>alert("file")</script><image href="http://file.evil.example/b"/></svg>';
const XHTML = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><script>alert("file")</script></head><body><img src="http://file.evil.example/c"/></body></html>';

/** `shown` is what is listed, where it is not what was sent. */
export const FILES: readonly (Part & { name: string; shown?: string })[] = [
  { type: "text/html", name: "invoice.html", body: PAGE },
  { type: 'text/html; charset=utf-8; name="photo.png"', name: "photo.png", body: PAGE },
  { type: "image/svg+xml", name: "logo.svg", body: DRAWING },
  { type: "image/svg+xml", name: "logo.png", body: DRAWING },
  { type: "application/xhtml+xml", name: "page.xhtml", body: XHTML },
  { type: "text/xml", name: "feed.xml", body: XHTML },
  { type: "image/png", name: "chart.png", body: PAGE },
  { type: "image/png", name: "drawing.png", body: DRAWING },
  { type: "application/pdf", name: "bill.pdf", body: PAGE },
  { type: "application/octet-stream", name: "receipt.pdf", body: PAGE },
  { type: "text/plain", name: "notes.txt", body: PAGE },
  { type: "text/plain", name: "index.html", body: PAGE },
  { type: "application/json", name: "data.json", body: PAGE },
  { type: "application/javascript", name: "tool.js", body: 'alert("file")' },
  { type: "application/x-unheard-of", name: "thing", body: PAGE },
  { type: "application/octet-stream", name: "invoice\u202efdp.exe", shown: "invoice_fdp.exe", body: "x" },
  { type: "application/octet-stream", name: "../../../etc/passwd", shown: "_.._.._etc_passwd", body: "x" },
  { type: "text/plain", name: "<img src=x onerror=alert(1)>.txt", body: "x" },
];

/** What a text may name as an image of its own message, and what it is. */
export const INLINE: readonly Part[] = [
  { type: "text/html", id: "page@evil", name: "a.html", inline: true, body: PAGE },
  { type: "image/svg+xml", id: "drawing@evil", name: "b.svg", inline: true, body: DRAWING },
  { type: "image/png", id: "liar@evil", name: "c.png", inline: true, body: PAGE },
  { type: "text/html", id: "twice@evil", name: "d.html", inline: true, body: PAGE },
  { type: "image/png", id: "twice@evil", name: "e.png", inline: true, body: DRAWING },
];

export const CONFUSED = [
  ...["page@evil", "drawing@evil", "liar@evil", "twice@evil", "PAGE@EVIL", "page%40evil", "nobody@evil", "../../../session", "..%2f..%2f..%2fsession", "//cid.evil.example/a", "0", ""].map(
    (id) => `<img src="cid:${id}"><img src="CID:${id}"><p style="background: url(cid:${id})">x</p>`,
  ),
  '<iframe src="cid:page@evil"></iframe><object data="cid:page@evil"></object><embed src="cid:drawing@evil"><a href="cid:page@evil">x</a>',
  '<link rel=stylesheet href="cid:page@evil"><script src="cid:page@evil"></script>',
].join("");
