/**
 * Saves a draft while it is written: some time after the last change, one request at a time, each based on the revision that the one before
 * answered. A change during a request is saved after it; a failure is tried again at the next change or when asked to.
 */
export interface SavedAs {
  id: string;
  revision: string;
}

export type SaveState =
  | { kind: "clean" }
  | { kind: "waiting" }
  | { kind: "saving" }
  | { kind: "saved"; at: number }
  | { kind: "failed"; error: unknown }
  /** Somebody else changed the draft: what is here is kept, and nothing is written over theirs until the person decides. */
  | { kind: "conflict" };

interface Options<T> {
  save(content: T, over: SavedAs | undefined): Promise<SavedAs>;
  isConflict(error: unknown): boolean;
  changed(state: SaveState, saved: SavedAs | undefined): void;
  /** Milliseconds without a change before it is saved. */
  pause?: number;
  now?(): number;
}

export class Saver<T> {
  private content: T | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: Promise<void> | undefined;
  private closed = false;
  state: SaveState = { kind: "clean" };

  constructor(
    private readonly options: Options<T>,
    public saved: SavedAs | undefined = undefined,
  ) {}

  /** The draft is now this. */
  change(content: T): void {
    if (this.closed) return;
    this.content = content;
    if (this.state.kind === "conflict") return;
    if (this.state.kind !== "saving") this.tell({ kind: "waiting" });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), this.options.pause ?? 1_500);
  }

  /** Saves now what is not saved. Answers when nothing is under way; true: all is saved. */
  async flush(): Promise<boolean> {
    clearTimeout(this.timer);
    this.timer = undefined;
    while (this.running !== undefined) await this.running;
    if (this.content === undefined) return this.state.kind !== "conflict";
    if (this.closed || this.state.kind === "conflict") return false;
    this.running = this.run(this.content);
    await this.running;
    if (this.state.kind === "failed" || (this.state as SaveState).kind === "conflict") return false;
    return this.content === undefined ? true : this.flush();
  }

  /** Writes over what somebody else changed, or goes on with theirs, whose revision is given. */
  resolve(saved: SavedAs | undefined): void {
    this.saved = saved;
    this.tell({ kind: "waiting" });
    if (this.content !== undefined) void this.flush();
  }

  /** Nothing is saved from now on; a request under way is waited for. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    while (this.running !== undefined) await this.running;
  }

  private async run(content: T): Promise<void> {
    this.content = undefined;
    this.tell({ kind: "saving" });
    try {
      this.saved = await this.options.save(content, this.saved);
      this.running = undefined;
      this.tell({ kind: "saved", at: (this.options.now ?? Date.now)() });
    } catch (error) {
      this.running = undefined;
      this.content ??= content;
      this.tell(this.options.isConflict(error) ? { kind: "conflict" } : { kind: "failed", error });
    }
  }

  private tell(state: SaveState): void {
    this.state = state;
    this.options.changed(state, this.saved);
  }
}
