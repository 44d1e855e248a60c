import { describe, expect, it } from "vitest";
import { blocks, pieces } from "./plain.ts";

const links = (text: string) => pieces(text).flatMap((piece) => (piece.href === undefined ? [] : [piece.href]));

describe("plain text", () => {
  it("has links without the sentence around them", () => {
    expect(links("See https://x.example/a?b=c&d=1, (http://y.example/p_(q)) and mail Ann.O+x@z.example!")).toEqual([
      "https://x.example/a?b=c&d=1", "http://y.example/p_(q)", "mailto:Ann.O+x@z.example",
    ]);
    expect(links("javascript:alert(1) data:text/html,x ftp://x")).toEqual([]);
    expect(links("请看 https://x.example/路径。")).toEqual(["https://x.example/路径"]);
  });

  it("loses nothing", () => {
    const text = "a https://x.example/. b\nc@d.example";
    expect(pieces(text).map((piece) => piece.text).join("")).toBe(text);
  });

  it("knows how deep a line is quoted", () => {
    expect(blocks("Yes.\n> One\n> > Two\n>> Three\n\nNo")).toEqual([
      { depth: 0, text: "Yes." }, { depth: 1, text: "One" }, { depth: 2, text: "Two\nThree" }, { depth: 0, text: "\nNo" },
    ]);
  });
});
