import { describe, expect, it } from "vitest";
import { emptyContent, fromDraft, isBlank, paragraphs, toDraft, withCids, withSignature, withSources, type Content, type Enclosure } from "./content.ts";

const content = (extra: Partial<Content>): Content => ({ ...emptyContent("a"), ...extra });

describe("a message being written", () => {
  it("is read again as it was saved", () => {
    const written = content({
      html: "<p>Hi</p>",
      quoted: "<div>On …</div><blockquote><div>old</div></blockquote>",
      sender: "alias@x",
      to: [{ name: "Ann", email: "ann@x" }],
      relation: { relation: "reply", message: "m" },
      files: [{ key: "u", name: "a.txt", mediaType: "text/plain", state: { kind: "there", upload: "u" } }],
    });
    expect(fromDraft(toDraft(written), false)).toEqual(written);
  });

  it("keeps a prepared answer's quote out of the editor", () => {
    const { html, quoted } = fromDraft({ account: "a", html: "<p><br></p><div>On …</div><blockquote>x</blockquote>" }, true);
    expect(html).toBe("");
    expect(quoted).toBe("<div>On …</div><blockquote>x</blockquote>");
    expect(fromDraft({ account: "a", text: "\n\nOn …\n> x" }, true).quoted).toBe("<p>On …<br>&gt; x</p>");
  });

  it("leaves out what is still uploaded or failed, and breaks in the subject", () => {
    const draft = toDraft(
      content({
        subject: "a\r\nBcc: b",
        files: [
          { key: "1", name: "a", mediaType: "x/y", state: { kind: "uploading", progress: 0.5 } },
          { key: "2", name: "b", mediaType: "x/y", state: { kind: "failed", reason: "" } },
          { key: "3", name: "c", mediaType: "x/y", contentId: "cid", state: { kind: "there", upload: "u" } },
        ],
      }),
    );
    expect(draft.attachments).toEqual([{ name: "c", media_type: "x/y", upload: "u", content_id: "cid" }]);
    expect(draft.subject).toBe("a Bcc: b");
  });

  it("names images by their Content-ID in the mail, and on the page by where they are", () => {
    const shown = '<p><img src="/api/uploads/u" alt="a" data-cid="c1"><img src="https://x/y.png"></p>';
    const mailed = withCids(shown);
    expect(mailed).toBe('<p><img src="cid:c1" alt="a"><img src="https://x/y.png"></p>');
    const html = (src: string) => `<p><img src="${src}" data-cid="c1" alt="a"><img src="https://x/y.png"></p>`;
    expect(withSources(content({ html: mailed }), (cid) => `/file/${cid}`)).toBe(html("/file/c1"));
    expect(withSources(content({ html: mailed }))).toBe(mailed);
    const files: Enclosure[] = [{ key: "1", name: "a", mediaType: "image/png", contentId: "c1", state: { kind: "there", upload: "u/1" } }];
    expect(withSources(content({ html: mailed, files }))).toBe(html("/api/uploads/u%2F1"));
  });

  it("knows when nothing was put into it", () => {
    const seed = content({ html: withSignature("", "<p>Ann</p>") });
    expect(isBlank({ ...seed }, seed)).toBe(true);
    expect(isBlank({ ...seed, subject: "x" }, seed)).toBe(false);
    expect(isBlank({ ...seed, html: `<p>x</p>${seed.html}` }, seed)).toBe(false);
  });

  it("makes paragraphs of text without letting markup in", () => {
    expect(paragraphs("a <b>\nc\n\nd")).toBe("<p>a &lt;b&gt;<br>c</p><p>d</p>");
    expect(paragraphs(" ")).toBe("");
  });
});
