/** Something that happened, as `GET /api/events` tells it. */
export interface HostEvent {
  /** Such as `threads.changed`; `resync`: some were missed, read everything anew. */
  topic: string;
  data: unknown;
}

type Listener = (event: HostEvent) => void;

/**
 * The event stream, one connection for all who listen. The browser connects again by itself and says after which event; where it gives up
 * (a refused session, a restart), this begins anew and tells everybody to read again.
 */
export class HostEvents {
  private source: EventSource | undefined;
  private readonly listeners = new Map<string, Set<Listener>>();
  private again: number | undefined;

  constructor(private readonly address = "/api/events") {}

  /** Calls `listener` for each event of `topic`, and for `resync`, until the answered function is called. */
  on(topic: string, listener: Listener): () => void {
    for (const name of [topic, "resync"]) {
      const listeners = this.listeners.get(name) ?? new Set();
      if (listeners.size === 0) this.source?.addEventListener(name, this.heard);
      this.listeners.set(name, listeners.add(listener));
    }
    if (this.source === undefined) this.connect();
    return () => {
      for (const name of [topic, "resync"]) this.listeners.get(name)?.delete(listener);
    };
  }

  close(): void {
    window.clearTimeout(this.again);
    this.source?.close();
    this.source = undefined;
    this.listeners.clear();
  }

  private connect(): void {
    const source = new EventSource(this.address);
    this.source = source;
    for (const topic of this.listeners.keys()) source.addEventListener(topic, this.heard);
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return;
      this.again = window.setTimeout(() => {
        this.connect();
        this.tell({ topic: "resync", data: {} });
      }, 5_000);
    };
  }

  private readonly heard = (event: MessageEvent<string>): void => {
    let data: unknown;
    try {
      data = JSON.parse(event.data);
    } catch {
      data = undefined;
    }
    this.tell({ topic: event.type, data });
  };

  private tell(event: HostEvent): void {
    for (const listener of [...(this.listeners.get(event.topic) ?? [])]) listener(event);
  }
}
