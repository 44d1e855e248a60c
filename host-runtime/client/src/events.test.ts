import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { HostEvents } from "./events.ts";

class Source extends EventTarget {
  static readonly CLOSED = 2;
  static all: Source[] = [];
  static get last(): Source {
    const last = Source.all.at(-1);
    if (last === undefined) throw new Error("nothing was opened");
    return last;
  }
  readyState = 0;
  onopen: (() => void) | undefined;
  onerror: (() => void) | undefined;
  constructor(readonly address: string) {
    super();
    Source.all.push(this);
  }
  close(): void {
    this.readyState = Source.CLOSED;
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  fail(forGood: boolean): void {
    this.readyState = forGood ? Source.CLOSED : 0;
    this.onerror?.();
  }
  say(topic: string, data: string, lastEventId = ""): void {
    this.dispatchEvent(Object.assign(new Event(topic), { data, lastEventId }));
  }
}

class Page extends EventTarget {
  visibilityState = "visible";
}

describe("the event stream", () => {
  let page: Page;

  beforeEach(() => {
    vi.useFakeTimers();
    Source.all = [];
    page = new Page();
    vi.stubGlobal("EventSource", Source);
    vi.stubGlobal("document", page);
    vi.stubGlobal("window", Object.assign(new EventTarget(), {
      setTimeout: globalThis.setTimeout.bind(globalThis),
      clearTimeout: globalThis.clearTimeout.bind(globalThis),
    }));
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("is one connection for all who listen, each of whom leaves alone", () => {
    const events = new HostEvents();
    const listener = vi.fn();
    const leave = events.on("a", listener);
    events.on("b", listener);
    expect(Source.all).toHaveLength(1);
    Source.last.say("a", '{"n":1}');
    expect(listener).toHaveBeenLastCalledWith({ topic: "a", data: { n: 1 } });
    leave();
    Source.last.say("a", "{}");
    expect(listener).toHaveBeenCalledTimes(1);
    Source.last.say("resync", "{}");
    expect(listener).toHaveBeenCalledTimes(2);
  });

  it("gives what is no JSON as nothing, and goes on after a listener that throws", () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const events = new HostEvents();
    const second = vi.fn();
    events.on("a", () => {
      throw new Error("a page's mistake");
    });
    events.on("a", second);
    Source.last.say("a", "<html>");
    expect(second).toHaveBeenCalledWith({ topic: "a", data: undefined });
  });

  it("goes on behind the last event after the browser gave up", () => {
    const events = new HostEvents();
    const states: string[] = [];
    events.watch((state) => states.push(state));
    const listener = vi.fn();
    events.on("a", listener);
    Source.last.open();
    Source.last.say("a", "{}", "41");
    Source.last.fail(true);
    vi.advanceTimersByTime(1_000);
    expect(Source.last.address).toBe("/api/events?last_event_id=41");
    Source.last.open();
    expect(states).toEqual(["connecting", "open", "lost", "open"]);
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it("has everything read anew where it can't know what was missed", () => {
    const events = new HostEvents();
    const listener = vi.fn();
    events.on("a", listener);
    Source.last.open();
    Source.last.fail(true);
    vi.advanceTimersByTime(1_000);
    expect(listener).not.toHaveBeenCalled();
    Source.last.open();
    expect(listener).toHaveBeenCalledWith({ topic: "resync", data: {} });
  });

  it("waits longer each time, and not at all once the network is back", () => {
    const events = new HostEvents();
    events.on("a", () => undefined);
    Source.last.fail(true);
    vi.advanceTimersByTime(1_000);
    Source.last.fail(true);
    vi.advanceTimersByTime(1_999);
    expect(Source.all).toHaveLength(2);
    window.dispatchEvent(new Event("online"));
    expect(Source.all).toHaveLength(3);
    vi.advanceTimersByTime(60_000);
    expect(Source.all).toHaveLength(3);
  });

  it("leaves its connection to others while nobody looks", () => {
    const events = new HostEvents();
    events.on("a", () => undefined);
    Source.last.open();
    page.visibilityState = "hidden";
    page.dispatchEvent(new Event("visibilitychange"));
    vi.advanceTimersByTime(60_000);
    expect(Source.last.readyState).toBe(Source.CLOSED);
    page.visibilityState = "visible";
    page.dispatchEvent(new Event("visibilitychange"));
    expect(Source.all).toHaveLength(2);
    expect(events.state).toBe("connecting");
  });
});
