import { describe, expect, it } from "vitest";
import type { Field, Section } from "../api/settings.ts";
import { changed, complete, pending, shown } from "./draft.ts";
import { googleScopes, microsoftScopes, sharedScopes } from "./scopes.ts";

const field = (name: string, control: Field["control"], value: Field["value"] = null, required = false): Field => ({
  name, control, value, required, label: name, help: "", advanced: false, minimum: null, maximum: null, choices: null,
});
const section = (...fields: Field[]): Section => ({ name: "google", title: "", help: "", checkable: true, notices: [], fields });

describe("what is typed into settings", () => {
  const id = field("client_id", "text", "abc", true);
  const secret = field("client_secret", "secret", true, true);

  it("is a change until it is what is stored", () => {
    const draft = changed({}, id, "abcd");
    expect(draft).toEqual({ client_id: "abcd" });
    expect(changed(draft, id, "abc")).toEqual({});
    expect(changed({}, field("empty", "text"), "")).toEqual({});
    expect(changed({}, field("off", "toggle"), false)).toEqual({});
  });

  it("never shows a stored secret, and keeps it unless something is typed", () => {
    expect(shown(secret, {})).toBe(true);
    expect(changed({ client_secret: "new" }, secret, true)).toEqual({});
    expect(changed({}, secret, false)).toEqual({ client_secret: false });
  });

  it("is settled once the section has it", () => {
    expect(pending(section({ ...id, value: "abcd" }, secret), { client_id: "abcd", client_secret: "new" })).toEqual({ client_secret: "new" });
  });

  it("is complete when nothing is missing that is needed", () => {
    expect(complete(section(id, secret))).toBe(true);
    expect(complete(section(id, { ...secret, value: false }))).toBe(false);
    expect(complete(section({ ...id, value: "" }, secret))).toBe(false);
  });
});

describe("scopes in the guide", () => {
  it("are those that people are asked to consent to", () => {
    expect(googleScopes("full", false)).toEqual(["https://www.googleapis.com/auth/gmail.modify"]);
    expect(googleScopes("read", true)).toEqual(["https://mail.google.com/"]);
    expect(microsoftScopes("read", false)).toContain("Mail.Read");
    expect(sharedScopes("read", false)).toEqual(["Mail.Read.Shared"]);
    expect(sharedScopes("full", false)).toEqual(["Mail.ReadWrite.Shared", "Mail.Send.Shared"]);
    expect(microsoftScopes("send", false)).toEqual(expect.arrayContaining(["Mail.ReadWrite", "Mail.Send"]));
  });
});
