/** What a message must not do, seen from outside of it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import type { BrowserContext, ConsoleMessage, Frame, Page, Request } from "@playwright/test";

/** Where every foreign name leads: a browser that reaches for anybody reaches this, by whatever way. */
export interface Trap {
  /** What the browser has to be started with. */
  rule: string;
  /** What came, and forgets it. */
  caught(): string[];
  close(): Promise<void>;
}

/** Whom the browser asks by itself, whatever it shows. */
const BY_ITSELF = ["*.googleapis.com", "*.gvt1.com", "accounts.google.com", "clients*.google.com"];

export async function trap(): Promise<Trap> {
  let caught: string[] = [];
  const server = createServer((request, answer) => {
    caught.push(`${request.method} ${request.headers.host}${request.url} referrer=${request.headers.referer ?? ""}`);
    answer.writeHead(200, { "content-type": "text/html" }).end("<title>Elsewhere</title>");
  });
  // What is encrypted names its host all the same.
  server.on("clientError", (error: Error & { rawPacket?: Buffer }, socket) => {
    const name = /[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/.exec(error.rawPacket?.toString("latin1") ?? "")?.[0];
    caught.push(`an encrypted connection to ${name ?? "somebody"}`);
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    rule: `--host-resolver-rules=${BY_ITSELF.map((name) => `MAP ${name} ~NOTFOUND`).join(", ")}, MAP * 127.0.0.1:${port}, EXCLUDE 127.0.0.1`,
    caught() {
      const all = caught;
      caught = [];
      return all;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** The addresses that the frame of a message may ask for. */
const OF_A_FRAME = [/^\/api\/mail\/messages\/[^/]+\/view$/, /^\/api\/mail\/inline\//, /^\/api\/mail\/remote\//];

/** The browser's word that a policy or a sandbox held something back. */
const HELD_BACK = /Content Security Policy|sandboxed|Refused to|Blocked /;

const PIXEL = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

export class Watch {
  /** Remote images that the host was asked for. */
  readonly proxied: string[] = [];
  private events: string[] = [];
  private held: string[] = [];
  private requests: { request: Request; text: string }[] = [];
  private readonly names = new Map<string, string>();
  private readonly origin: string;

  private constructor(base: string) {
    this.origin = new URL(base).origin;
  }

  /** Watches all pages of a context, from before their first script. */
  static async over(context: BrowserContext, base: string): Promise<Watch> {
    const watch = new Watch(base);
    await context.exposeBinding("hostileRan", ({ frame }, what: string) => watch.saw(`ran ${what}`, frame));
    await context.addInitScript(() => {
      const tell = (window as unknown as { hostileRan(what: string): unknown }).hostileRan;
      for (const name of ["alert", "confirm", "prompt", "print", "open"]) {
        Object.defineProperty(window, name, { value: (...given: unknown[]) => void tell(`${name}(${given.join(", ")})`), writable: false });
      }
    });
    // The host's own way out is its own matter: here it is seen that it is asked, and nobody else.
    await context.route("**/api/mail/remote/**", async (route) => {
      watch.proxied.push(new URL(route.request().url()).searchParams.get("url") ?? "");
      await route.fulfill({ contentType: "image/png", body: PIXEL });
    });
    context.on("request", (request) => watch.asked(request));
    context.on("console", (message) => watch.told(message));
    context.on("weberror", (error) => watch.saw(`failed with ${error.error().message}`, undefined));
    context.on("page", (page) => watch.follow(page));
    return watch;
  }

  /** Whose a message's frame is. */
  name(message: string, name: string): void {
    this.names.set(message, name);
  }

  /** What was done that must not be, and forgets it. What a policy held back was not done. */
  seen(): string[] {
    const wrong = [...this.events, ...this.requests.filter(({ request }) => !heldBack(request)).map(({ text }) => text)];
    this.events = [];
    return [...new Set(wrong)];
  }

  /** What was tried and held back by the policy or the sandbox, and forgets it together with all requests. */
  tried(): string[] {
    const tried = [...this.held, ...this.requests.filter(({ request }) => heldBack(request)).map(({ text }) => text)];
    this.held = [];
    this.requests = [];
    return [...new Set(tried)];
  }

  private follow(page: Page): void {
    let first = true;
    page.on("dialog", (dialog) => {
      this.saw(`opened a dialog: ${dialog.message()}`, undefined);
      void dialog.dismiss();
    });
    page.on("popup", (popup) => this.saw(`opened a window: ${popup.url()}`, undefined));
    page.on("download", (download) => this.saw(`had something saved: ${download.url()}`, undefined));
    page.on("crash", () => this.saw("broke the page", undefined));
    page.on("framenavigated", (frame) => {
      const url = frame.url();
      if (frame === page.mainFrame()) {
        if (!first && new URL(url).origin !== this.origin) this.saw(`led the page to ${url}`, undefined);
        first = false;
      } else if (url.startsWith("chrome-error:")) {
        this.held.push(`${this.whose(frame.parentFrame() ?? undefined)} led a frame to nowhere`);
      } else if (!this.mayShow(url)) this.saw(`led a frame to ${url}`, frame.parentFrame() ?? undefined);
    });
  }

  /** Messages, and files in the browser's own viewer. A frame with a document of its own in it says with `ran` and its requests what it does. */
  private mayShow(url: string): boolean {
    if (url === "about:blank" || url === "about:srcdoc" || url.startsWith("chrome-extension:")) return true;
    const { origin, pathname, protocol } = new URL(url);
    if (protocol === "blob:") return origin === this.origin;
    return origin === this.origin && OF_A_FRAME[0]?.test(pathname) === true;
  }

  private asked(request: Request): void {
    const url = request.url();
    // The last two are the browser's own viewer of files.
    if (/^(?:data|blob|chrome|chrome-extension):/.test(url)) return;
    const { origin, pathname } = new URL(url);
    const frame = frameOf(request);
    const inside = frame !== undefined && frame.parentFrame() !== null;
    if (origin === this.origin && (!inside || OF_A_FRAME.some((path) => path.test(pathname)))) return;
    this.requests.push({ request, text: `${this.whose(frame)} asked for ${url}` });
  }

  private told(message: ConsoleMessage): void {
    const text = message.text();
    if (HELD_BACK.test(text)) this.held.push(text);
  }

  private saw(what: string, frame: Frame | undefined): void {
    this.events.push(`${this.whose(frame)} ${what}`);
  }

  private whose(frame: Frame | undefined): string {
    for (let each: Frame | null | undefined = frame; each != null; each = each.parentFrame()) {
      const message = messageOf(each.url());
      const name = message === undefined ? undefined : this.names.get(message);
      if (name !== undefined) return `“${name}”`;
    }
    return "something";
  }
}

/** The message that a frame's address shows. */
export function messageOf(url: string): string | undefined {
  const id = /\/api\/mail\/messages\/([^/]+)\/view\b/.exec(url)?.[1];
  return id === undefined ? undefined : decodeURIComponent(id);
}

function frameOf(request: Request): Frame | undefined {
  try {
    return request.frame();
  } catch {
    // The first request of a window that is not there yet.
    return undefined;
  }
}

function heldBack(request: Request): boolean {
  return /csp|BLOCKED_BY_CLIENT|BLOCKED_BY_RESPONSE/i.test(request.failure()?.errorText ?? "");
}
