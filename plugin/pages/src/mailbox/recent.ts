/** What was searched for, on this device. */

const KEY = "mail.searches";
const MOST = 20;

export function recent(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(stored) ? stored.filter((each): each is string => typeof each === "string") : [];
  } catch {
    return [];
  }
}

export function remember(q: string): string[] {
  return store([q, ...recent().filter((each) => each !== q)].slice(0, MOST));
}

export function forget(q: string): string[] {
  return store(recent().filter((each) => each !== q));
}

function store(list: string[]): string[] {
  try {
    localStorage.setItem(KEY, JSON.stringify(list));
  } catch {
    // Then it is not remembered.
  }
  return list;
}
