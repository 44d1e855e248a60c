import { describe, expect, it } from "vitest";
import { hue, initials, nameOf, participants, shortName } from "./people.ts";

const person = (name: string, email = "x@y.example") => ({ name, email });

describe("people", () => {
  it("are named as briefly as the place asks", () => {
    expect(nameOf(person("", "a@b"))).toBe("a@b");
    expect(shortName(person("Lee, Ann"))).toBe("Ann");
    expect(shortName(person("", "ann.lee@b"))).toBe("ann.lee");
    expect(shortName(person("Анна Ли"))).toBe("Анна");
  });

  it("are few in a row", () => {
    const list = ["Ann Lee", "Bob Ray", "Cy Day", "Di Fox"].map((name, index) => person(name, `${index}@x`));
    expect(participants(list.slice(0, 1), new Set(), "me")).toBe("Ann Lee");
    expect(participants(list.slice(0, 2), new Set(["1@x"]), "me")).toBe("Ann, me");
    expect(participants(list, new Set(), "me")).toBe("Ann … Cy, Di");
    expect(participants([], new Set(), "me")).toBe("");
  });

  it("have a picture in any script", () => {
    expect(initials(person("Ann Lee"))).toBe("AL");
    expect(initials(person("王伟"))).toBe("王");
    expect(initials(person("", "ann.lee@x"))).toBe("A");
    expect(initials(person("\u{1F600}"))).toBe("?");
    expect(initials(undefined)).toBe("?");
    expect(hue(person("", "A@x"))).toBe(hue(person("", "a@X")));
  });
});
