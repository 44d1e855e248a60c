import type { components } from "./schema.d.ts";

type ProblemDocument = components["schemas"]["Problem"];

/** What stands before a problem's name in `type`. */
const PREFIX = "urn:plugin-host:problem:";

/** An answer that is not what was asked for: the host's problem document (RFC 9457), or that the host was not reached (`status` 0). */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly status: number,
    readonly document: ProblemDocument | undefined,
    message: string,
  ) {
    super(message);
  }

  /** Its stable name, such as `rate-limited`; `unreachable` without an answer, `unknown` where something between answered. */
  get kind(): string {
    if (this.status === 0) return "unreachable";
    const type = this.document?.type ?? "";
    return type.startsWith(PREFIX) ? type.slice(PREFIX.length) : "unknown";
  }

  /** Whether trying the same again may help. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** What is wrong with the fields, by their names. */
  get fields(): Record<string, string> {
    return Object.fromEntries((this.document?.errors ?? []).map(({ field, message }) => [field, message]));
  }
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What was asked for, or a {@link Problem}. */
export async function unwrap<T>(asked: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await asked;
  } catch (reason) {
    if (reason instanceof DOMException && reason.name === "AbortError") throw reason;
    // The host answers JSON; something else comes from a proxy on the way, and is as good as no answer.
    throw new Problem(0, undefined, reason instanceof Error ? reason.message : String(reason));
  }
  if (answer.response.ok) return answer.data as T;
  const document = isDocument(answer.error) ? answer.error : undefined;
  throw new Problem(answer.response.status, document, document?.detail ?? answer.response.statusText);
}

function isDocument(value: unknown): value is ProblemDocument {
  return (
    typeof value === "object" && value !== null &&
    "type" in value && typeof value.type === "string" &&
    "detail" in value && typeof value.detail === "string" &&
    "action" in value && typeof value.action === "string"
  );
}
