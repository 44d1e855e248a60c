import { describe, expect, it } from "vitest";
import { attachmentAddress, previewOf } from "./files.ts";

const kind = (media_type: string, name = "x", size = 10) => previewOf({ media_type, name, size });

describe("files", () => {
  it("are looked at only as what runs nothing", () => {
    expect(kind("image/PNG")).toBe("image");
    expect(kind("image/svg+xml")).toBeUndefined();
    expect(kind("text/html", "x.html")).toBeUndefined();
    expect(kind("text/html", "x.txt")).toBeUndefined();
    expect(kind("application/pdf; name=x")).toBe("pdf");
    expect(kind("application/octet-stream", "a.PDF")).toBe("pdf");
    expect(kind("text/plain; charset=utf-8")).toBe("text");
    expect(kind("application/octet-stream", "notes.md")).toBe("text");
    expect(kind("text/plain", "x", 9_000_000)).toBeUndefined();
    expect(kind("application/zip", "a.zip")).toBeUndefined();
  });

  it("have addresses whatever they are called", () => {
    expect(attachmentAddress("a/b", "1?x", true)).toBe("/api/mail/messages/a%2Fb/attachments/1%3Fx?disposition=inline");
  });
});
