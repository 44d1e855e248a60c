import { describe, expect, it } from "vitest";
import { address, listQuery, matching, narrowings, parsePlace } from "./place.ts";
import type { Folder } from "./types.ts";

const folder = (id: string, account: string, role: Folder["role"]): Folder => ({ id, account, role, name: id, total: 0, unread: 0, left_out: false });

describe("addresses", () => {
  it.each([
    "/mail/inbox",
    "/mail/f/abc_-1",
    "/mail/inbox/t/xyz",
    "/mail/f/a%2Fb/t/c%20d",
    "/mail/search?q=%22two+words%22&unread=1&account=a1&after=2026-01-31&address=x%40y.example&domain=z.example",
    "/mail/outbox",
    "/mail/compose/k1",
  ])("%s survives being read and written", (text) => {
    const [pathname = "", search = ""] = text.split("?");
    const place = parsePlace(pathname, search);
    expect(place).toBeDefined();
    if (place) expect(address(place)).toBe(text);
  });

  it("is the inbox where nothing is named, also with a conversation alone", () => {
    expect(parsePlace("/mail", "")).toEqual({ view: { kind: "role", role: "inbox" }, filter: { addresses: [], domains: [] } });
    expect(parsePlace("/mail/t/x", "")?.thread).toBe("x");
  });

  it("leaves other pages and nonsense alone", () => {
    for (const other of ["/mail/accounts", "/mail/accounts/1", "/plugins", "/mail/f", "/mail/f/a/b"]) expect(parsePlace(other, "")).toBeUndefined();
    expect(parsePlace("/mail/inbox", "?after=yesterday&unread=maybe")?.filter).toEqual({ addresses: [], domains: [] });
    expect(parsePlace("/mail/f/%E0%A4%A", "")?.view).toEqual({ kind: "folder", folder: "%E0%A4%A" });
  });
});

describe("what is asked for", () => {
  const folders = [folder("i1", "a1", "inbox"), folder("i2", "a2", "inbox"), folder("t1", "a1", "trash")];
  const asked = (path: string, search = "") => {
    const place = parsePlace(path, search);
    return place && matching(place, folders);
  };

  it("unites the folders of a role over accounts, or takes those of one", () => {
    expect(asked("/mail/inbox")).toEqual({ folders: ["i1", "i2"] });
    expect(asked("/mail/inbox", "?account=a2")).toEqual({ accounts: ["a2"], folders: ["i2"] });
    expect(asked("/mail/spam")).toBeUndefined();
    expect(asked("/mail/all")).toEqual({});
    expect(asked("/mail/starred")).toEqual({ starred: true });
  });

  it("includes the last day and drops empty words", () => {
    const query = asked("/mail/search", "?q=+&after=2026-01-31&before=2026-01-31");
    expect(query?.q).toBeUndefined();
    expect((query?.before ?? 0) - (query?.after ?? 0)).toBe(86_400_000);
  });

  it("is the same as a query", () => {
    expect(listQuery({ accounts: ["a"], folders: ["x", "y"], q: "w", unread: true })).toEqual({ account: ["a"], folder: ["x", "y"], q: "w", unread: true });
  });

  it("counts what narrows", () => {
    expect(narrowings({ addresses: ["a"], domains: [], unread: true, q: "x" })).toBe(2);
  });
});
