import type { components } from "./schema.d.ts";

type ProblemDocument = components["schemas"]["ProblemDocument"];

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

  /** Whether trying the same again may help. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
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
    throw new Problem(0, undefined, reason instanceof Error ? reason.message : String(reason));
  }
  if (answer.response.ok) return answer.data as T;
  const document = isDocument(answer.error) ? answer.error : undefined;
  throw new Problem(answer.response.status, document, document?.detail ?? answer.response.statusText);
}

function isDocument(value: unknown): value is ProblemDocument {
  return typeof value === "object" && value !== null && "type" in value && "title" in value;
}
