import { describe, expect, it } from "vitest";
import type { Account } from "../api/accounts.ts";
import { sinceOf } from "./start.ts";
import { stateOf } from "./status.ts";

const account = (status: Partial<Account["status"]>): Account => ({
  id: "a",
  provider: "google",
  email: "ann@example.com",
  display_name: "",
  sync_since: null,
  aliases: [],
  features: [],
  missing_features: [],
  signature: "",
  left_out: [],
  attachments_limit: 18_000_000,
  status: {
    condition: "syncing",
    stage: "idle",
    progress: { stored: 0, expected: null, parked: 0 },
    local_count: 0,
    quota: { used: 0, units: 6_000, window: 60_000 },
    ...status,
  },
});

describe("what is told of an account", () => {
  it("is a share of what is expected while mail is fetched, and never all of it", () => {
    const at = (stored: number, expected: number | null) => stateOf(account({ stage: "backfill", progress: { stored, expected, parked: 0 } }));
    expect(at(50, 200)).toMatchObject({ kind: "fetching", percent: 25 });
    expect(at(300, 200)).toMatchObject({ percent: 99 });
    expect(at(300, null)).toMatchObject({ stored: 300, percent: undefined });
    expect(at(0, 0)).toMatchObject({ percent: undefined });
  });

  it("is a look for changes where nothing is missing yet", () => {
    expect(stateOf(account({ stage: "increment" })).kind).toBe("checking");
    expect(stateOf(account({ stage: "idle" })).kind).toBe("starting");
    expect(stateOf(account({ stage: "idle", progress: { stored: 7, expected: null, parked: 0 } })).kind).toBe("checking");
  });

  it("is what the provider or the administrator wants, with its reason", () => {
    expect(stateOf(account({ condition: "reconnect", detail: "revoked" }))).toEqual({ kind: "reconnect", tone: "error", detail: "revoked" });
    expect(stateOf(account({ condition: "waiting", until: 5, reason: "quota" }))).toEqual({ kind: "waiting", tone: "warning", until: 5, reason: "quota" });
  });
});

describe("the start of synchronisation", () => {
  const now = new Date(2026, 2, 31, 15, 30);
  it.each([
    ["week", new Date(2026, 2, 24)],
    ["month", new Date(2026, 1, 28)],
    ["quarter", new Date(2025, 11, 31)],
    ["year", new Date(2025, 2, 31)],
  ] as const)("a %s back is the beginning of a day", (preset, day) => expect(sinceOf({ preset }, now)).toBe(day.getTime()));

  it("is 0 for everything", () => expect(sinceOf({ preset: "everything" }, now)).toBe(0));

  it("waits for a date, which lies not ahead", () => {
    expect(sinceOf({ preset: "date" }, now)).toBeUndefined();
    expect(sinceOf({ preset: "date", date: new Date(2027, 0, 1) }, now)).toBeUndefined();
    expect(sinceOf({ preset: "date", date: new Date(2020, 4, 5, 12) }, now)).toBe(new Date(2020, 4, 5).getTime());
  });
});
