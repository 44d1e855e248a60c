import type { Message, ThreadSummary } from "./types.ts";

/** A conversation as a list would show it, from its messages: for one that was opened without its list. */
export function summaryOf(id: string, messages: readonly Message[]): ThreadSummary | undefined {
  const last = messages.at(-1);
  if (last === undefined) return undefined;
  return {
    id,
    account: last.account,
    subject: messages[0]?.subject ?? "",
    snippet: last.snippet,
    participants: messages.flatMap((message) => message.from ?? []).filter((address, index, all) => all.findIndex((other) => other.email === address.email) === index),
    messages: messages.length,
    latest: last.received,
    marks: [...new Set(messages.flatMap((message) => message.marks))],
    folders: [...new Set(messages.flatMap((message) => message.folders))],
  };
}
