/** How busy a page was: its tasks, its frames and its elements while something went on. */
import type { Browser, Page } from "@playwright/test";

export interface Busy {
  seconds: number;
  /** Milliseconds of the longest task, as a clock on the wall tells, and of the processor alone. */
  longest: { wall: number; cpu: number };
  /** Tasks that the browser itself calls long. */
  long: number;
  /** Milliseconds between frames: the middle one, and the one that only one in a hundred exceeds. */
  frames: { median: number; rare: number };
  /** The most elements at a time. */
  elements: number;
}

interface Sampled {
  long: number[];
  frames: number[];
  elements: number;
}

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  tdur?: number;
  args?: { name?: string };
}

/** The categories in which every task of a thread is an event, and so is a mark that a page sets. */
const TASKS = ["disabled-by-default-devtools.timeline", "blink.user_timing"];
const MORE = ["devtools.timeline", "disabled-by-default-v8.cpu_profiler"];
const BEGIN = "busy-begin";

/** Watches the page while `act` runs. `keep`: a file for the trace, with what the tasks did, for the browser's own viewer. */
export async function busy(browser: Browser, page: Page, act: () => Promise<void>, keep?: string): Promise<Busy> {
  await browser.startTracing(page, { categories: [...TASKS, ...(keep === undefined ? [] : MORE)], ...(keep === undefined ? {} : { path: keep }) });
  await page.evaluate((mark) => {
    const sampled: Sampled = { long: [], frames: [], elements: 0 };
    // The task of this very call is the measuring's own.
    const begun = performance.mark(mark).startTime;
    const observer = new PerformanceObserver((list) => sampled.long.push(...list.getEntries().flatMap(({ startTime, duration }) => (startTime > begun ? [duration] : []))));
    observer.observe({ type: "longtask" });
    let last = performance.now();
    let running = true;
    const frame = (now: number) => {
      if (!running) return;
      sampled.frames.push(now - last);
      last = now;
      // Counting is work, too.
      if (sampled.frames.length % 10 === 1) sampled.elements = Math.max(sampled.elements, document.getElementsByTagName("*").length);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    (window as unknown as { sampled(): Sampled }).sampled = () => {
      running = false;
      observer.disconnect();
      return sampled;
    };
  }, BEGIN);
  const begun = performance.now();
  await act();
  const seconds = (performance.now() - begun) / 1_000;
  const { long, frames, elements } = await page.evaluate(() => (window as unknown as { sampled(): Sampled }).sampled());
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const pages = new Set(traceEvents.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain").map(({ pid, tid }) => `${pid} ${tid}`));
  const begin = traceEvents.find(({ name }) => name === BEGIN);
  const tasks = traceEvents.filter(({ name, ph, pid, tid, ts }) => name === "RunTask" && ph === "X" && pages.has(`${pid} ${tid}`) && begin !== undefined && ts > begin.ts);
  if (tasks.length === 0) throw new Error("the trace holds no tasks");
  const most = (of: (task: TraceEvent) => number | undefined) => tasks.reduce((highest, task) => Math.max(highest, of(task) ?? 0), 0) / 1_000;
  frames.sort((one, other) => one - other);
  return {
    seconds,
    longest: { wall: most(({ dur }) => dur), cpu: most(({ tdur }) => tdur) },
    long: long.length,
    frames: { median: frames[Math.floor(frames.length / 2)] ?? 0, rare: frames[Math.floor(frames.length * 0.99)] ?? 0 },
    elements,
  };
}
