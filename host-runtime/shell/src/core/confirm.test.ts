import { Problem } from "@plugin-host/client";
import { expect, it, vi } from "vitest";

import { administer, asking } from "./confirm.ts";

const refused = new Problem(403, { type: "urn:plugin-host:problem:confirmation-required", title: "", status: 403, detail: "", action: "confirm-password", request_id: "" } as Problem["document"], "");

it("repeats what was asked once the password was entered", async () => {
  const act = vi.fn().mockRejectedValueOnce(refused).mockResolvedValueOnce("done");
  const done = administer(act);
  await vi.waitFor(() => expect(asking.get()).toBeDefined(), { timeout: 10_000 });
  asking.get()?.(true);
  await expect(done).resolves.toBe("done");
  expect(act).toHaveBeenCalledTimes(2);
  expect(asking.get()).toBeUndefined();
});

it("does nothing more when the person would not", async () => {
  const act = vi.fn().mockRejectedValue(refused);
  const done = administer(act);
  await vi.waitFor(() => expect(asking.get()).toBeDefined(), { timeout: 10_000 });
  asking.get()?.(false);
  await expect(done).rejects.toMatchObject({ name: "Declined" });
  expect(act).toHaveBeenCalledTimes(1);
});

it("leaves any other refusal as it is", async () => {
  const other = new Problem(403, undefined, "no");
  await expect(administer(() => Promise.reject(other))).rejects.toBe(other);
  expect(asking.get()).toBeUndefined();
});
