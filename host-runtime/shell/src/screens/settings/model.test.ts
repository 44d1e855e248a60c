import { describe, expect, it } from "vitest";

import { changes, filledIn, mistakes, readyToUse, type Section, type SettingsField } from "./model.ts";

const field = (name: string, control: SettingsField["control"], value: NonNullable<SettingsField["value"]> | null, more: Partial<SettingsField> = {}): SettingsField => ({
  name, label: name, help: "", control, required: true, advanced: false, value, minimum: null, maximum: null, choices: null, ...more,
});
const section = (fields: SettingsField[], checkable = true): Section => ({ name: "s", title: "S", help: "", checkable, fields, notices: [] });

describe("a section", () => {
  it("is filled in when its required fields are", () => {
    expect(filledIn(section([field("id", "text", "x"), field("key", "secret", true), field("uri", "copyable", null)]))).toBe(true);
    expect(filledIn(section([field("id", "text", "x"), field("key", "secret", false)]))).toBe(false);
    expect(filledIn(section([field("id", "text", "", { required: false })]))).toBe(true);
  });

  it("of several that can be checked is enough alone", () => {
    const full = section([field("id", "text", "x")]);
    const bare = section([field("id", "text", "")]);
    expect(readyToUse([bare, full])).toBe(true);
    expect(readyToUse([bare, section([], false)])).toBe(false);
    expect(readyToUse([section([field("id", "text", "")], false)])).toBe(false);
  });

  it("saves only what was changed, and never a text to be copied", () => {
    const one = section([field("id", "text", "a"), field("on", "toggle", null), field("key", "secret", true), field("uri", "copyable", "u")]);
    expect(changes(one, { id: "a", on: false, uri: "v" })).toEqual({});
    expect(changes(one, { id: "b", on: true, key: "new" })).toEqual({ id: "b", on: true, key: "new" });
    expect(changes(one, { key: false, unknown: 1 })).toEqual({ key: false });
  });

  it("names mistakes that can be seen", () => {
    const one = section([field("n", "integer", 5, { minimum: 1, maximum: 60 }), field("id", "text", "a")]);
    expect(mistakes(one, { n: "61", id: " " })).toEqual({ n: "range", id: "required" });
    expect(mistakes(one, { n: "x" })).toEqual({ n: "number" });
    expect(mistakes(one, { n: "" })).toEqual({ n: "number" });
    expect(mistakes(one, { n: "60", id: "b" })).toEqual({});
  });
});
