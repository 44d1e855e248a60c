import { Problem } from "@plugin-host/client";
import { expect, it } from "vitest";

import { en } from "../locales/en.ts";
import { translator } from "./i18n.ts";
import { problemText } from "./problem-text.ts";

const t = translator("en", en);
const problem = (status: number, kind: string, more: object = {}) =>
  new Problem(status, { type: `urn:plugin-host:problem:${kind}`, title: "T", status, detail: "The host’s words.", action: "retry", request_id: "r1", ...more } as Problem["document"], "The host’s words.");

it("says a known problem in the person's language, and adds the host's words where they say more", () => {
  expect(problemText(problem(401, "wrong-credentials"), t).detail).toBeUndefined();
  expect(problemText(problem(409, "taken"), t)).toEqual({ title: "Another plugin already has this place.", detail: "The host’s words.", request: undefined });
});

it("says how long to wait", () => {
  expect(problemText(problem(429, "rate-limited", { retry_at: 121_000 }), t, 60_000).title).toContain("Wait 2 minutes");
  expect(problemText(problem(429, "rate-limited", { retry_at: 61_000 }), t, 60_000).title).toContain("Wait 1 minute,");
});

it("gives the request's id for faults of the host only", () => {
  expect(problemText(problem(500, "internal"), t).request).toBe("r1");
  expect(problemText(problem(404, "not-found"), t).request).toBeUndefined();
});

it("has words for what is no document at all", () => {
  expect(problemText(new Problem(0, undefined, "Failed to fetch"), t).title).toContain("not reached");
  expect(problemText(new Problem(502, undefined, "Bad Gateway"), t)).toEqual({ title: "Something went wrong. Try again.", detail: "Bad Gateway", request: undefined });
});
