import { describe, expect, it } from "vitest";

import { covers, mine, wanted } from "./router.ts";

const HOST = "https://host.example";

describe("an address", () => {
  it("is covered by an entry at or above it, in whole segments", () => {
    expect(covers("/mail", "/mail")).toBe(true);
    expect(covers("/mail", "/mail/inbox/1")).toBe(true);
    expect(covers("/mail/", "/mail")).toBe(true);
    expect(covers("/mail", "/mailing")).toBe(false);
    expect(covers("/mail/inbox", "/mail")).toBe(false);
  });

  it("is the shell's unless the host answers it itself", () => {
    const at = (path: string) => mine(new URL(path, HOST), HOST);
    expect(["/", "/plugins", "/mail/1", "/apiary", "/pagesque"].map(at)).toEqual([true, true, true, true, true]);
    expect(["/api/me", "/api", "/pages/x/y.js", "/hooks/a/b", "/shell/x.js", "/healthz", "https://evil.example/"].map(at)).toEqual(Array(7).fill(false));
  });
});

describe("where to go after signing in", () => {
  const next = (value: string) => wanted(`?next=${encodeURIComponent(value)}`, HOST);

  it("is an address of this host", () => {
    expect(next("/mail/inbox?q=a#b")).toBe("/mail/inbox?q=a#b");
    expect(wanted("", HOST)).toBe("/");
  });

  it("is never another host's, nor the sign-in page, nor the API", () => {
    for (const value of ["https://evil.example/", "//evil.example/", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", "mail", "", "/sign-in?next=/x", "/api/me", "/%"]) {
      expect(next(value).startsWith("/"), value).toBe(true);
      expect(new URL(next(value), HOST).origin, value).toBe(HOST);
    }
    expect(next("//evil.example/")).toBe("/");
    expect(next("/sign-in")).toBe("/");
    expect(next("/api/me")).toBe("/");
  });
});
