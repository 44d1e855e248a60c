import type { Problem } from "@plugin-host/client";

import type { Key } from "./i18n.ts";
import type { T } from "./i18n.ts";

/** Problems that are fully said in the person's own language; of the others the host's own sentence is shown as well. */
const COMPLETE: Record<string, Key> = {
  "unreachable": "problem.unreachable",
  "not-signed-in": "problem.not-signed-in",
  "wrong-credentials": "problem.wrong-credentials",
  "administrator-only": "problem.administrator-only",
  "confirmation-required": "problem.confirmation-required",
  "not-found": "problem.not-found",
  "too-large": "problem.too-large",
  "busy": "problem.busy",
  "internal": "problem.internal",
  "oauth-state": "problem.oauth-state",
};

const BEGUN: Record<string, Key> = {
  "cross-origin": "problem.cross-origin",
  "denied": "problem.denied",
  "plugin-disabled": "problem.plugin-disabled",
  "conflict": "problem.conflict",
  "grants-required": "problem.grants-required",
  "taken": "problem.taken",
  "invalid-field": "problem.invalid-field",
  "not-a-component": "problem.not-a-component",
  "contract-mismatch": "problem.contract-mismatch",
  "plugin-failed": "problem.plugin-failed",
  "plugin-timeout": "problem.plugin-timeout",
  "unavailable": "problem.unavailable",
  "waiting": "problem.waiting",
  "quota-exceeded": "problem.quota-exceeded",
  "oauth-refused": "problem.oauth-refused",
};

export interface ProblemText {
  title: string;
  /** In the host's or plugin's words. */
  detail: string | undefined;
  /** For whoever looks into the log. */
  request: string | undefined;
}

/** A problem in words. `now` is for those that say when to come back. */
export function problemText(problem: Problem, t: T, now = Date.now()): ProblemText {
  const document = problem.document;
  // Only a fault of the host needs its log.
  const request = problem.status >= 500 ? document?.request_id : undefined;
  if (problem.kind === "rate-limited") {
    const minutes = Math.max(1, Math.ceil(((document?.retry_at ?? now + 15 * 60_000) - now) / 60_000));
    return { title: t("problem.rate-limited", { count: minutes }), detail: undefined, request };
  }
  const complete = COMPLETE[problem.kind];
  if (complete !== undefined) return { title: t(complete), detail: undefined, request };
  const begun = BEGUN[problem.kind];
  const detail = document?.detail ?? (problem.message === "" ? undefined : problem.message);
  return { title: t(begun ?? "problem.unknown"), detail, request };
}
