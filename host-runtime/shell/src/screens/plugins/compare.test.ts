import { describe, expect, it } from "vitest";

import type { Grants } from "../../core/host.ts";
import { compare, isOrigin, merged } from "./compare.ts";

const wanted: Grants = { origins: [{ origin: "https://a.example", internal: false }], paths: ["/a"], pages: true, storage_bytes: 100, memory_bytes: 10, call_seconds: 5 };

describe("what is wanted against what is granted", () => {
  it("is all missing before anything was approved", () => {
    const all = compare(wanted, null);
    expect(all.short).toBe(true);
    expect([all.origins[0]?.standing, all.paths[0]?.standing, all.pages, all.storage.standing]).toEqual(["missing", "missing", "missing", "missing"]);
  });

  it("is the same when approved as asked", () => {
    expect(compare(wanted, wanted).short).toBe(false);
  });

  it("shows what an administrator added, and is not short by it", () => {
    const all = compare(wanted, { ...wanted, origins: [...(wanted.origins ?? []), { origin: "http://127.0.0.1:1", internal: true }], storage_bytes: 200 });
    expect(all.short).toBe(false);
    expect(all.origins.map(({ value, standing, internal }) => [value, standing, internal])).toEqual([["https://a.example", "same", false], ["http://127.0.0.1:1", "more", true]]);
    expect(all.storage.standing).toBe("more");
  });

  it("is short by a lower limit", () => {
    expect(compare(wanted, { ...wanted, call_seconds: 4 }).short).toBe(true);
  });
});

describe("what an upgrade proposes", () => {
  it("keeps what was added and raises what is wanted", () => {
    const before: Grants = { ...wanted, origins: [{ origin: "http://127.0.0.1:1", internal: true }], pages: false, storage_bytes: 500, memory_bytes: 1 };
    const after = merged(wanted, before);
    expect(after.origins?.map(({ origin }) => origin)).toEqual(["http://127.0.0.1:1", "https://a.example"]);
    expect([after.pages, after.storage_bytes, after.memory_bytes]).toEqual([true, 500, 10]);
    expect(compare(wanted, after).short).toBe(false);
  });

  it("is what is wanted where nothing was approved", () => {
    expect(merged(wanted, undefined)).toBe(wanted);
  });
});

it("an origin has a scheme and a host, perhaps a port, and no path", () => {
  for (const text of ["https://a.example", "http://127.0.0.1:8080", "https://*.a.example", "https://[::1]:1", "https://a.example/"]) expect(isOrigin(text), text).toBe(true);
  for (const text of ["a.example", "ftp://a", "https://", "https://a/b", "https://u@a", "https://a?b", ""]) expect(isOrigin(text), text).toBe(false);
});
