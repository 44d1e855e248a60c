import type { Account } from "../api/accounts.ts";

/** What a person is told of an account, most urgent first. */
export type State =
  | { kind: "reconnect" | "administrator"; tone: "error"; detail: string }
  | { kind: "awaiting-start"; tone: "info" }
  | { kind: "waiting"; tone: "warning"; until: number; reason: string }
  /** Nothing can be told of a mailbox that was never reached but that it is being tried. */
  | { kind: "starting"; tone: "info" }
  | { kind: "fetching" | "comparing"; tone: "info"; stored: number; expected: number | undefined; percent: number | undefined }
  | { kind: "checking"; tone: "info" }
  | { kind: "up-to-date"; tone: "success"; at: number | undefined };

export function stateOf({ status }: Account): State {
  switch (status.condition) {
    case "reconnect":
    case "administrator":
      return { kind: status.condition, tone: "error", detail: status.detail ?? "" };
    case "awaiting-start":
      return { kind: "awaiting-start", tone: "info" };
    case "waiting":
      return { kind: "waiting", tone: "warning", until: status.until ?? Date.now(), reason: status.reason ?? "" };
    case "up-to-date":
      return { kind: "up-to-date", tone: "success", at: status.last_success ?? status.last_check ?? undefined };
    case "syncing": {
      if (status.stage === "increment") return { kind: "checking", tone: "info" };
      const { stored } = status.progress;
      const expected = status.progress.expected ?? undefined;
      if (status.stage === "idle" && stored === 0) return { kind: "starting", tone: "info" };
      if (status.stage === "idle") return { kind: "checking", tone: "info" };
      // What is expected is an estimate of the provider's: a bar that says 100 and goes on is not believed.
      const percent = expected === undefined || expected <= 0 ? undefined : Math.min(99, Math.floor((stored * 100) / expected));
      return { kind: status.stage === "reconcile" ? "comparing" : "fetching", tone: "info", stored, expected, percent };
    }
  }
}

/** Whether the provider can be asked for something now. */
export function reachable(account: Account): boolean {
  return !["waiting", "reconnect", "administrator", "awaiting-start"].includes(account.status.condition);
}
