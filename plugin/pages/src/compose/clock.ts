/**
 * The host's time. "In ten seconds" is told to the host as a time, and a computer's clock may be an hour off: then the message would go at once, or
 * an hour late. Every answer has the host's time in its `Date`.
 */
import type { Api } from "@plugin-host/client";

let ahead = 0;
const watched = new WeakSet<Api>();

/** Learns from the answers that this client gets. */
export function watchClock(api: Api): void {
  if (watched.has(api)) return;
  watched.add(api);
  api.use({
    onResponse({ response }) {
      const at = Date.parse(response.headers.get("date") ?? "");
      if (!Number.isNaN(at)) learn(at, Date.now());
    },
  });
}

/** `Date` has whole seconds and an answer takes a moment; only a clock that is really off is corrected. */
export function learn(host: number, here: number): void {
  const difference = host - here;
  ahead = Math.abs(difference) < 2_500 ? 0 : difference;
}

export const hostNow = (): number => Date.now() + ahead;
