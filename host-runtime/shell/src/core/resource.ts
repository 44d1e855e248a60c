import { Problem } from "@plugin-host/client";
import { useCallback, useEffect, useRef, useState } from "react";

import { events } from "./host.ts";

/** Something read from the host. While it is read anew, what was there stays. */
export interface Resource<T> {
  data: T | undefined;
  problem: Problem | undefined;
  loading: boolean;
  reload(): void;
  /** Puts in what the host has just answered to a change. */
  set(data: T): void;
}

/** What was read last, so that a screen one comes back to shows something at once. */
const known = new Map<string, unknown>();

export function forgetAll(): void {
  known.clear();
}

/**
 * @param key what it is; another key is another thing
 * @param topics events after which it is read anew
 */
export function useResource<T>(key: string, load: (signal: AbortSignal) => Promise<T>, topics: readonly string[] = []): Resource<T> {
  const [round, setRound] = useState(0);
  const [state, setState] = useState<{ key: string; data: T | undefined; problem: Problem | undefined; loading: boolean }>(() => ({
    key, data: known.get(key) as T | undefined, problem: undefined, loading: true,
  }));
  const loader = useRef(load);
  loader.current = load;
  const reload = useCallback(() => setRound((before) => before + 1), []);

  useEffect(() => {
    const gone = new AbortController();
    setState((before) => ({ key, data: before.key === key ? before.data : (known.get(key) as T | undefined), problem: before.key === key ? before.problem : undefined, loading: true }));
    loader.current(gone.signal).then(
      (data) => {
        if (gone.signal.aborted) return;
        known.set(key, data);
        setState({ key, data, problem: undefined, loading: false });
      },
      (reason: unknown) => {
        if (gone.signal.aborted) return;
        const problem = reason instanceof Problem ? reason : new Problem(0, undefined, String(reason));
        setState((before) => ({ ...before, problem, loading: false }));
      },
    );
    return () => gone.abort();
  }, [key, round]);

  const heard = topics.join(" ");
  useEffect(() => {
    const leave = heard.split(" ").filter(Boolean).map((topic) => events().on(topic, reload));
    return () => leave.forEach((stop) => stop());
  }, [heard, reload]);

  const set = useCallback((data: T) => {
    known.set(key, data);
    setState({ key, data, problem: undefined, loading: false });
  }, [key]);

  // Another key in this very render: what belongs to the old one must not be shown under it.
  const current = state.key === key ? state : { data: known.get(key) as T | undefined, problem: undefined, loading: true };
  return { data: current.data, problem: current.problem, loading: current.loading, reload, set };
}

/** Something that is done when asked to: whether it is under way, and what went wrong. */
export function useAction<A extends unknown[]>(act: (...args: A) => Promise<void>): {
  run(...args: A): Promise<void>;
  busy: boolean;
  problem: Problem | undefined;
  clear(): void;
} {
  const [state, setState] = useState<{ busy: boolean; problem: Problem | undefined }>({ busy: false, problem: undefined });
  const action = useRef(act);
  action.current = act;
  const busy = useRef(false);
  const run = useCallback(async (...args: A) => {
    // A second click, or Enter held down.
    if (busy.current) return;
    busy.current = true;
    setState({ busy: true, problem: undefined });
    let problem: Problem | undefined;
    try {
      await action.current(...args);
    } catch (reason) {
      if (reason instanceof Problem) problem = reason;
      else if (!(reason instanceof Error && reason.name === "Declined")) {
        console.error(reason);
        problem = new Problem(-1, undefined, String(reason));
      }
    }
    busy.current = false;
    setState({ busy: false, problem });
  }, []);
  const clear = useCallback(() => setState((before) => ({ ...before, problem: undefined })), []);
  return { run, busy: state.busy, problem: state.problem, clear };
}
