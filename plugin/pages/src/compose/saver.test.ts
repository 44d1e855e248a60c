import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Saver, type SavedAs } from "./saver.ts";

class Conflict extends Error {}

function setup(saved?: SavedAs) {
  const requests: { content: string; over: string | undefined; answer: (revision: string) => void; fail: (error: Error) => void }[] = [];
  const states: string[] = [];
  const saver = new Saver<string>(
    {
      save: (content, over) =>
        new Promise((resolve, reject) => requests.push({ content, over: over?.revision, answer: (revision) => resolve({ id: "d", revision }), fail: reject })),
      isConflict: (error) => error instanceof Conflict,
      changed: (state) => states.push(state.kind),
      pause: 100,
      now: () => 7,
    },
    saved,
  );
  const settle = async () => {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };
  return { saver, requests, states, settle };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("saving a draft", () => {
  it("waits for a pause and saves the last of the changes", () => {
    const { saver, requests, states } = setup();
    saver.change("a");
    vi.advanceTimersByTime(60);
    saver.change("ab");
    vi.advanceTimersByTime(60);
    expect(requests).toHaveLength(0);
    vi.advanceTimersByTime(60);
    expect(requests.map((each) => each.content)).toEqual(["ab"]);
    expect(states).toEqual(["waiting", "waiting", "saving"]);
  });

  it("never has two requests under way, and bases each on the one before", async () => {
    const { saver, requests, settle } = setup();
    saver.change("a");
    vi.advanceTimersByTime(100);
    saver.change("b");
    vi.advanceTimersByTime(100);
    await settle();
    expect(requests).toHaveLength(1);
    requests[0]?.answer("r1");
    await settle();
    expect(requests[1]).toMatchObject({ content: "b", over: "r1" });
  });

  it("is flushed before sending, whatever is under way", async () => {
    const { saver, requests, settle } = setup({ id: "d", revision: "r0" });
    saver.change("a");
    const done = saver.flush();
    await settle();
    saver.change("b");
    requests[0]?.answer("r1");
    await settle();
    requests[1]?.answer("r2");
    expect(await done).toBe(true);
    expect(requests[0]?.over).toBe("r0");
    expect(saver.saved?.revision).toBe("r2");
    expect(await saver.flush()).toBe(true);
    expect(requests).toHaveLength(2);
  });

  it("keeps what failed and tries it again", async () => {
    const { saver, requests, settle } = setup();
    saver.change("a");
    const first = saver.flush();
    await settle();
    requests[0]?.fail(new Error("no network"));
    expect(await first).toBe(false);
    expect(saver.state.kind).toBe("failed");
    void saver.flush();
    await settle();
    expect(requests[1]?.content).toBe("a");
  });

  it("writes nothing over a foreign change until somebody decides", async () => {
    const { saver, requests, settle } = setup({ id: "d", revision: "r0" });
    saver.change("mine");
    const first = saver.flush();
    await settle();
    requests[0]?.fail(new Conflict());
    expect(await first).toBe(false);
    saver.change("mine too");
    vi.advanceTimersByTime(1_000);
    await settle();
    expect(requests).toHaveLength(1);
    saver.resolve({ id: "d", revision: "theirs" });
    await settle();
    expect(requests[1]).toMatchObject({ content: "mine too", over: "theirs" });
  });

  it("saves nothing once it is closed", async () => {
    const { saver, requests } = setup();
    saver.change("a");
    await saver.close();
    vi.advanceTimersByTime(1_000);
    expect(requests).toHaveLength(0);
  });
});
