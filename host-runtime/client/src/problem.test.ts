import { describe, expect, it } from "vitest";

import { Problem, unwrap } from "./problem.ts";

const answer = (status: number, error?: unknown, data?: unknown) => Promise.resolve({ data, error, response: new Response(null, { status }) });

async function caught(asked: Promise<unknown>): Promise<Problem> {
  try {
    await asked;
  } catch (reason) {
    if (reason instanceof Problem) return reason;
    throw reason;
  }
  throw new Error("nothing was thrown");
}

describe("an answer", () => {
  it("is what was asked for", async () => {
    await expect(unwrap(answer(200, undefined, { a: 1 }))).resolves.toEqual({ a: 1 });
  });

  it("is the host's problem with its fields", async () => {
    const document = {
      type: "urn:plugin-host:problem:invalid-field", title: "A field is wrong", status: 422, detail: "Too short.",
      action: "fix-field", request_id: "r", errors: [{ field: "name", message: "Too short." }],
    };
    const problem = await caught(unwrap(answer(422, document)));
    expect(problem.kind).toBe("invalid-field");
    expect(problem.message).toBe("Too short.");
    expect(problem.fields).toEqual({ name: "Too short." });
    expect(problem.passing).toBe(false);
  });

  it("of something between host and browser is no document", async () => {
    for (const error of ["<html>", { type: 1, title: "x" }, null]) {
      const problem = await caught(unwrap(answer(502, error)));
      expect(problem.document).toBeUndefined();
      expect(problem.kind).toBe("unknown");
      expect(problem.passing).toBe(true);
    }
  });

  it("that never came can be asked for again; one that was given up stays given up", async () => {
    const problem = await caught(unwrap(Promise.reject(new TypeError("Failed to fetch"))));
    expect([problem.status, problem.kind, problem.passing]).toEqual([0, "unreachable", true]);
    const gone = new DOMException("gone", "AbortError");
    await expect(unwrap(Promise.reject(gone))).rejects.toBe(gone);
  });
});
