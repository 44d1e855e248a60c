import { describe, expect, it } from "vitest";
import { added, isSeveral, parseRecipients, plausible, written } from "./recipients.ts";

const read = (text: string) => parseRecipients(text).map(({ name, email }) => (name === "" ? email : `${name}|${email}`));

describe("recipients", () => {
  it.each([
    ["ann@x.example", ["ann@x.example"]],
    ["Ann Lee <ann@x.example>; bob@y.example", ["Ann Lee|ann@x.example", "bob@y.example"]],
    ['"Lee, Ann" <ann@x.example>, Bob <bob@y.example>,', ["Lee, Ann|ann@x.example", "Bob|bob@y.example"]],
    ["a@x.example\nb@x.example\r\n\tc@x.example", ["a@x.example", "b@x.example", "c@x.example"]],
    ["a@x.example b@x.example", ["a@x.example", "b@x.example"]],
    ["王伟 <wang@x.example>，李 <li@x.example>", ["王伟|wang@x.example", "李|li@x.example"]],
    ["mailto:ann@x.example", ["ann@x.example"]],
    ["nobody", ["nobody"]],
    [" ,; \n", []],
  ])("%j", (text, expected) => expect(read(text)).toEqual(expected));

  it("tells addresses from what is none", () => {
    for (const good of ["a@b", "ann.o+x@x.example", "почта@пример.рф"]) expect(plausible(good)).toBe(true);
    for (const bad of ["a", "@b", "a@", "a b@c", "a@b,c", "<a@b>"]) expect(plausible(bad)).toBe(false);
  });

  it("names nobody twice", () => {
    expect(added([{ name: "", email: "A@x" }], [{ name: "Ann", email: "a@X" }, { name: "", email: "b@x" }])).toHaveLength(2);
  });

  it("is read again as it was written", () => {
    for (const address of [{ name: 'Lee, "A"', email: "a@x.example" }, { name: "", email: "b@x.example" }]) {
      expect(parseRecipients(written(address))).toEqual([address]);
    }
    expect(isSeveral("a@b, c")).toBe(true);
    expect(isSeveral("Lee <a@b")).toBe(false);
  });
});
