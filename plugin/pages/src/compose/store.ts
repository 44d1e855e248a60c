/**
 * What is being written right now: several messages, each in a window of its own. Lives beside the pages, so that a look into the accounts or a
 * reload of the window loses nothing.
 */
import { useSyncExternalStore } from "react";
import type { Address, Message } from "../mailbox/types.ts";
import type { Content, Relation } from "./content.ts";
import type { SavedAs } from "./saver.ts";

export type Seed =
  | { kind: "new"; to?: Address[]; subject?: string }
  | { kind: "relation"; relation: Relation; message: Message }
  /** A message of the drafts folder. */
  | { kind: "draft"; message: Message }
  /** What was written before: after a reload, after undoing or failing to send. */
  | { kind: "content"; content: Content; saved?: SavedAs };

export interface Window {
  key: string;
  seed: Seed;
  minimised: boolean;
  /** For the bar of a minimised one, and to find again what is written. */
  title: string;
}

/** What survives a reload. */
interface Kept {
  key: string;
  content: Content;
  saved?: SavedAs;
}

const KEPT = "mail.composing";

class ComposeStore {
  private windows: readonly Window[] = [];
  private readonly listeners = new Set<() => void>();
  private readonly kept = new Map<string, Kept>();
  private readonly leaving = new Map<string, Promise<unknown>>();

  constructor() {
    for (const { key, content, saved } of read()) {
      this.kept.set(key, { key, content, ...(saved === undefined ? {} : { saved }) });
      this.windows = [...this.windows, { key, seed: { kind: "content", content, ...(saved === undefined ? {} : { saved }) }, minimised: true, title: content.subject }];
    }
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly list = (): readonly Window[] => this.windows;

  /** Opens a window; an answer to the same message or the same draft is brought forward instead of being begun twice. */
  readonly open = (seed: Seed): string => {
    const same = this.windows.find((window) => sameSeed(window.seed, seed));
    if (same !== undefined) {
      this.minimise(same.key, false);
      return same.key;
    }
    const key = crypto.randomUUID();
    this.set([...this.windows, { key, seed, minimised: false, title: "" }]);
    return key;
  };

  readonly close = (key: string): void => {
    this.kept.delete(key);
    this.leaving.delete(key);
    this.write();
    this.set(this.windows.filter((window) => window.key !== key));
  };

  readonly minimise = (key: string, minimised: boolean): void => {
    this.set(this.windows.map((window) => (window.key === key ? { ...window, minimised } : window)));
  };

  readonly rename = (key: string, title: string): void => {
    if (this.windows.some((window) => window.key === key && window.title !== title)) {
      this.set(this.windows.map((window) => (window.key === key ? { ...window, title } : window)));
    }
  };

  /** What is written in a window now. What comes after it was closed must not bring it back. */
  readonly keep = (key: string, content: Content, saved: SavedAs | undefined): void => {
    if (!this.has(key)) return;
    this.kept.set(key, { key, content, ...(saved === undefined ? {} : { saved }) });
    this.write();
  };

  readonly has = (key: string): boolean => this.windows.some((window) => window.key === key);

  /** A window is taken from the page with all of it, as for a look into the accounts; its last saving is still under way. */
  readonly leave = (key: string, saving: Promise<unknown>): void => {
    this.leaving.set(key, saving);
  };

  /** What was written in a window before it was taken from the page. */
  readonly left = async (key: string): Promise<Kept | undefined> => {
    await this.leaving.get(key)?.catch(() => undefined);
    return this.kept.get(key);
  };

  private set(windows: readonly Window[]): void {
    this.windows = windows;
    for (const listener of [...this.listeners]) listener();
  }

  private write(): void {
    try {
      sessionStorage.setItem(KEPT, JSON.stringify([...this.kept.values()]));
    } catch {
      // Then a reload has to do with what the host has.
    }
  }
}

function sameSeed(a: Seed, b: Seed): boolean {
  if (a.kind === "relation" && b.kind === "relation") return a.relation === b.relation && a.message.id === b.message.id;
  if (a.kind === "draft" && b.kind === "draft") return a.message.id === b.message.id;
  return false;
}

function read(): Kept[] {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(stored) ? stored.filter(isKept) : [];
  } catch {
    return [];
  }
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== "object" || value === null || !("key" in value) || !("content" in value)) return false;
  const { content } = value;
  return typeof content === "object" && content !== null && "account" in content && "to" in content && Array.isArray(content.to) && "files" in content && Array.isArray(content.files);
}

export const composeStore = new ComposeStore();

export const useCompose = (): Pick<ComposeStore, "open" | "close" | "minimise" | "rename" | "keep"> => composeStore;
export const useWindows = (): readonly Window[] => useSyncExternalStore(composeStore.subscribe, composeStore.list);
