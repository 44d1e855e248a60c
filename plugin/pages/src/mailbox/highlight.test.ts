import { describe, expect, it } from "vitest";
import { around, highlight, passages, terms } from "./highlight.ts";

const shown = (text: string, q: string) => highlight(text, terms(q)).map(({ text, hit }) => (hit ? `[${text}]` : text)).join("");

describe("highlights", () => {
  it("take words and phrases apart", () => {
    expect(terms('hello "big world" x" ')).toEqual(["hello", "big world", "x"]);
    expect(terms(undefined)).toEqual([]);
  });

  it.each([
    ["Invoice for invoices", "invoice", "[Invoice] for [invoice]s"],
    ["Crème brûlée", "creme BRULEE", "[Crème] [brûlée]"],
    ["Ёлка и елка", "елка", "[Ёлка] и [елка]"],
    ["preinvoice", "invoice", "preinvoice"],
    ["关于发票的问题", "发票", "关于[发票]的问题"],
    ["overlap lapse", "overlap lap", "[overlap] [lap]se"],
    ["a 👩‍👩‍👧 family", "family", "a 👩‍👩‍👧 [family]"],
    ["İstanbul", "istanbul", "[İstanbul]"],
    ["nothing", "", "nothing"],
  ])("%s / %s", (text, q, expected) => expect(shown(text, q)).toBe(expected));

  it("bring a row's text to the first of them", () => {
    const text = "For the slow movement of the spring concert we need somebody who can play the quokkaphone, even if only a little";
    expect(around(text, ["quokkaphone"])).toMatch(/^… (?:\S+ ){1,6}quokkaphone, even/);
    expect(around(text, ["slow"])).toBe(text);
    expect(around(text, ["absent"])).toBe(text);
    expect(around(text, [])).toBe(text);
  });

  it("are told in short passages", () => {
    const far = "word ".repeat(40);
    const told = (text: string, q: string) => passages(text, terms(q)).map((passage) => passage.map(({ text, hit }) => (hit ? `[${text}]` : text)).join(""));
    expect(told(`${far}boat\n\nand Boat ${far}`, "boat")).toEqual([expect.stringMatching(/^… (?:word )+\[boat\] and \[Boat\] (?:word )+…$/)]);
    expect(told(`boat ${far}boat ${far}boat ${far}boat`, "boat")).toHaveLength(3);
    expect(told("boat", "boat")).toEqual(["[boat]"]);
    expect(told("船".repeat(9), "船")).toEqual(["[船]".repeat(9)]);
    expect(told(far, "boat")).toEqual([]);
  });

  it("survives what looks like a pattern", () => {
    expect(shown("cost (a+b)* [x]", "(a+b)*")).toBe("cost [(a+b)*] [x]");
  });
});
