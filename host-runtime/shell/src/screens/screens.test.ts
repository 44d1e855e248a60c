// @vitest-environment jsdom
import { expect, it, vi } from "vitest";

vi.stubGlobal("EventSource", class extends EventTarget {});
const { initials } = await import("../frame/profile.tsx");
const { steps } = await import("./home.tsx");
const { means } = await import("./plugins/list.tsx");
const { proposePassword } = await import("./users-dialogs.tsx");

it("initials are those of the first two words, in any script", () => {
  expect(["Anna Ivanova", "  ada  lovelace king", "陈 伟", "x", ""].map(initials)).toEqual(["AI", "AL", "陈伟", "X", ""]);
});

it("a plugin is found by every word in its name, id or description", () => {
  const plugin = { id: "email-manager", title: "Email manager", description: "Gmail and Outlook" };
  expect(["", "MAIL", "outlook email", "manager gmail "].map((query) => means(plugin, query))).toEqual([true, true, true, true]);
  expect(means(plugin, "outlook yahoo")).toBe(false);
});

it("a proposed password has four times four signs, and is another one each time", () => {
  const proposed = Array.from({ length: 50 }, proposePassword);
  for (const password of proposed) expect(password).toMatch(/^([a-hj-km-np-z2-9]{4}-){3}[a-hj-km-np-z2-9]{4}$/);
  expect(new Set(proposed).size).toBe(50);
});

it("an administrator is led from an empty host to one that people use", () => {
  const plugin = (state: "enabled" | "disabled") => ({ id: "m", title: "Mail", state });
  const done = (...args: Parameters<typeof steps>) => steps(...args).filter((step) => step.done).map(({ name }) => name);
  const none = () => undefined;
  expect(done([], 1, [], none)).toEqual([]);
  expect(done([plugin("disabled")], 1, [], none)).toEqual(["add"]);
  expect(done([plugin("enabled")], 1, ["m"], none)).toEqual(["add", "enable"]);
  expect(done([plugin("enabled")], 2, [], none)).toEqual(["add", "enable", "settings", "people"]);
  expect(steps([plugin("enabled")], 1, ["m"], () => "/admin/settings/mail")[2]?.href).toBe("/admin/settings/mail");
  expect(steps([plugin("enabled")], 1, ["m"], none)[2]?.href).toBe("/settings/m");
});
