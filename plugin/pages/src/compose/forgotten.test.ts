import { describe, expect, it } from "vitest";
import { ownPart, speaksOfAttachment } from "./forgotten.ts";

describe("a forgotten attachment", () => {
  it.each(["Please find attached the report", "see the attachment", "Файл во вложении", "Прикрепляю договор", "Документ прикреплён.", "请查收附件", "报告已附上"])("%s", (text) =>
    expect(speaksOfAttachment(text, "")).toBe(true),
  );

  it.each(["a detached house", "You attach importance to it", "Hello", "Положение дел", "приложение для телефона", "附近"])("%s is none", (text) =>
    expect(speaksOfAttachment(text, "")).toBe(false),
  );

  it("is looked for in one's own words and the subject", () => {
    const text = "Thanks!\n\nOn 2026-11-24 12:00 UTC, Ann <a@x> wrote:\n> see the attachment";
    expect(speaksOfAttachment(ownPart(text), "Re: hello")).toBe(false);
    expect(speaksOfAttachment("Hi", "Contract attached")).toBe(true);
  });
});
