/** Short notices at the edge of the page, one at a time, perhaps with something to press. They are read out by screen readers. */

export interface Notice {
  id: number;
  text: string;
  tone: "done" | "problem" | "busy";
  action?: { label: string; run(): void };
}

/** Long enough to read and to press "Undo". */
const SHOWN = 8_000;

export class Notices {
  private current: Notice | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private last = 0;
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly get = (): Notice | undefined => this.current;

  /** Shows a notice in place of the one that is there. Problems and what is under way stay until something replaces them. */
  show(notice: Omit<Notice, "id">, lasting = notice.tone === "done" ? SHOWN : notice.tone === "busy" ? 0 : 2 * SHOWN): number {
    this.last += 1;
    this.set({ ...notice, id: this.last });
    this.after(lasting);
    return this.last;
  }

  close(id?: number): void {
    if (id !== undefined && this.current?.id !== id) return;
    clearTimeout(this.timer);
    this.set(undefined);
  }

  /** Does not vanish while the pointer or the focus is on it. */
  hold(): void {
    clearTimeout(this.timer);
  }

  release(): void {
    if (this.current !== undefined && this.current.tone !== "busy") this.after(SHOWN / 2);
  }

  private after(time: number): void {
    clearTimeout(this.timer);
    if (time > 0) this.timer = setTimeout(() => this.close(), time);
  }

  private set(notice: Notice | undefined): void {
    this.current = notice;
    for (const listener of [...this.listeners]) listener();
  }
}
