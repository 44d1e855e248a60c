import { describe, expect, it } from "vitest";

import { countIn, entriesOf, entryAt } from "./pages.ts";

const item = {
  plugin: "email-manager",
  module: "/pages/email-manager/abc/index.js",
  styles: ["/pages/email-manager/abc/index.css", "https://evil.example/x.css"],
  entries: [
    { path: "/mail", place: "main", title: { en: "Mail", ru: "Почта" }, icon: "M0 0", badge: { get: "/api/mail/unread", value: "unread", events: ["threads.changed"] } },
    { path: "/admin/settings/mail", place: "settings", title: "Mail settings", icon: "", role: "administrator" },
  ],
};

describe("the menu entries", () => {
  it("are read with titles in the person's language, or English", () => {
    const title = (locale: "en" | "ru" | "zh") => entriesOf({ items: [item] }, locale, true)[0]?.title;
    expect([title("en"), title("ru"), title("zh")]).toEqual(["Mail", "Почта", "Mail"]);
    expect(entriesOf([item], "en", true)).toHaveLength(2);
  });

  it("for administrators are not shown to members", () => {
    expect(entriesOf([item], "en", false).map(({ path }) => path)).toEqual(["/mail"]);
  });

  it("load from this host only", () => {
    expect(entriesOf([item], "en", true)[0]?.styles).toEqual(["/pages/email-manager/abc/index.css"]);
    expect(entriesOf([{ ...item, module: "https://evil.example/x.js" }], "en", true)).toEqual([]);
    const entries = [{ ...item.entries[0], badge: { get: "https://evil.example/", value: "n" } }];
    expect(entriesOf([{ ...item, entries }], "en", true)[0]?.badge).toBeUndefined();
  });

  it("leave out what is not as agreed, and nothing else", () => {
    for (const answer of [null, "x", {}, { items: 1 }, [null, 1, {}]]) expect(entriesOf(answer, "en", true)).toEqual([]);
    const entries = [{ path: "mail", place: "main" }, { path: "/x", place: "nowhere" }, { path: "/y", place: "main" }];
    expect(entriesOf([{ ...item, entries }], "en", true).map(({ path, title }) => [path, title])).toEqual([["/y", "email-manager"]]);
  });

  it("cover an address by the longest path", () => {
    const entries = entriesOf([{ ...item, entries: [{ path: "/mail", place: "main", title: "a" }, { path: "/mail/rules", place: "main", title: "b" }] }], "en", true);
    expect(entryAt(entries, "/mail/rules/1")?.title).toBe("b");
    expect(entryAt(entries, "/mail/inbox")?.title).toBe("a");
    expect(entryAt(entries, "/mailbox")).toBeUndefined();
  });
});

describe("a badge", () => {
  it("is a number above zero under its name", () => {
    expect(countIn({ unread: 3 }, "unread")).toBe(3);
    expect(countIn({ all: { unread: 3.9 } }, "all.unread")).toBe(3);
  });

  it("is nothing where there is no such number", () => {
    for (const answer of [{ unread: 0 }, { unread: -1 }, { unread: "3" }, { unread: Number.NaN }, {}, null, [3]]) expect(countIn(answer, "unread")).toBeUndefined();
  });
});
