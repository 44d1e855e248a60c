/** Something that happened, as `GET /api/events` tells it. */
export interface HostEvent {
  /** Such as `threads.changed`; `resync`: some were missed, read everything anew. */
  topic: string;
  data: unknown;
}

/** `lost`: the host is not reached, or refuses; another try comes by itself. */
export type ConnectionState = "idle" | "connecting" | "open" | "lost";

type Listener = (event: HostEvent) => void;

/** Milliseconds between tries where the browser has given up: soon at first, then with patience. */
const PATIENCE = [1_000, 2_000, 5_000, 10_000, 30_000] as const;
/** A browser has six connections to a host without HTTP/2; windows that nobody looks at give theirs back after this time. */
const HIDDEN_AFTER = 60_000;

/**
 * The event stream, one connection for all who listen. After a cut it goes on behind the last event it heard; where that is not
 * possible, everybody hears `resync`.
 */
export class HostEvents {
  private source: EventSource | undefined;
  private readonly topics = new Map<string, Set<Listener>>();
  private readonly watchers = new Set<(state: ConnectionState) => void>();
  private current: ConnectionState = "idle";
  private lastId = "";
  private everOpen = false;
  private tries = 0;
  private timer: number | undefined;
  private hiding: number | undefined;

  constructor(private readonly address = "/api/events") {
    window.addEventListener("online", this.atOnce);
    document.addEventListener("visibilitychange", this.seen);
  }

  get state(): ConnectionState {
    return this.current;
  }

  /** Calls `listener` for each event of `topic`, and for `resync`, until the answered function is called. */
  on(topic: string, listener: Listener): () => void {
    // Its own function each time, so that one listener may listen to several topics and leave them one by one.
    const call: Listener = (event) => listener(event);
    const names = topic === "resync" ? ["resync"] : [topic, "resync"];
    for (const name of names) {
      const listeners = this.topics.get(name) ?? new Set();
      this.topics.set(name, listeners.add(call));
      this.source?.addEventListener(name, this.heard);
    }
    if (this.current === "idle") this.connect();
    return () => {
      for (const name of names) this.topics.get(name)?.delete(call);
    };
  }

  /** Calls `watcher` whenever the connection's state changes, until the answered function is called. */
  watch(watcher: (state: ConnectionState) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  close(): void {
    window.removeEventListener("online", this.atOnce);
    document.removeEventListener("visibilitychange", this.seen);
    window.clearTimeout(this.hiding);
    this.drop();
    this.topics.clear();
    this.watchers.clear();
    this.current = "idle";
  }

  private connect(): void {
    this.drop();
    this.become(this.tries === 0 ? "connecting" : "lost");
    const address = this.lastId === "" ? this.address : `${this.address}?last_event_id=${encodeURIComponent(this.lastId)}`;
    const source = new EventSource(address);
    this.source = source;
    for (const topic of this.topics.keys()) source.addEventListener(topic, this.heard);
    source.onopen = () => {
      this.tries = 0;
      this.become("open");
      // Nothing was heard before the cut, so that the host can't know what was missed.
      if (this.everOpen && this.lastId === "") this.tell({ topic: "resync", data: {} });
      this.everOpen = true;
    };
    source.onerror = () => {
      this.become("lost");
      // Otherwise the browser tries again by itself.
      if (source.readyState !== EventSource.CLOSED) return;
      const wait = PATIENCE[Math.min(this.tries, PATIENCE.length - 1)] ?? 0;
      this.tries += 1;
      this.timer = window.setTimeout(() => this.connect(), wait);
    };
  }

  private drop(): void {
    window.clearTimeout(this.timer);
    this.source?.close();
    this.source = undefined;
  }

  private become(state: ConnectionState): void {
    if (state === this.current) return;
    this.current = state;
    for (const watcher of [...this.watchers]) watcher(state);
  }

  private readonly atOnce = (): void => {
    if (this.current === "lost") this.connect();
  };

  private readonly seen = (): void => {
    window.clearTimeout(this.hiding);
    if (document.visibilityState === "hidden") {
      this.hiding = window.setTimeout(() => this.drop(), HIDDEN_AFTER);
    } else if (this.source === undefined && this.current !== "idle") {
      this.connect();
    }
  };

  private readonly heard = (event: MessageEvent<string>): void => {
    if (event.lastEventId !== "") this.lastId = event.lastEventId;
    let data: unknown;
    try {
      data = JSON.parse(event.data);
    } catch {
      data = undefined;
    }
    this.tell({ topic: event.type, data });
  };

  private tell(event: HostEvent): void {
    for (const listener of [...(this.topics.get(event.topic) ?? [])]) {
      try {
        listener(event);
      } catch (reason) {
        // One that fails must not keep the event from the others.
        console.error(reason);
      }
    }
  }
}
