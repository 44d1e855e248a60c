import { describe, expect, it } from "vitest";
import { linkAddress } from "./extensions.ts";

describe("an address that somebody typed for a link", () => {
  it.each([
    ["example.com", "https://example.com/"],
    [" http://example.com/a?b=c ", "http://example.com/a?b=c"],
    ["example.com:8080/x", "https://example.com:8080/x"],
    ["ann@example.com", "mailto:ann@example.com"],
    ["mailto:ann@example.com", "mailto:ann@example.com"],
    ["tel:+4930123", "tel:+4930123"],
  ])("%s leads to %s", (typed, address) => expect(linkAddress(typed)).toBe(address));

  it.each(["", "two words", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "nothing"])("%s leads nowhere", (typed) =>
    expect(linkAddress(typed)).toBeUndefined(),
  );
});
