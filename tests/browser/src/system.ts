/** The whole, running: the fakes of both providers and a host, started by the program `demo` and ended with it. */
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface Person {
  email: string;
  password: string;
}

export type ProviderName = "google" | "microsoft";

export interface Provider {
  base: string;
  /** Its main mailbox. */
  address: string;
  /** Where the addresses of its control API begin. */
  control: string;
}

/** What `demo --json` says. */
export interface System {
  base: string;
  administrator: Person;
  member: Person;
  application: { id: string; secret: string };
  google: Provider;
  microsoft: Provider;
  folder: string;
}

/** Optimised start-up takes seconds; the machine may be busy, and the programs unoptimised. */
const STARTS_WITHIN = 240_000;
const ENDS_WITHIN = 20_000;

export function wanted(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set; \`cargo xtask test\` sets it`);
  return value;
}

export interface Options {
  /** Nothing is installed in the host yet. */
  bare: boolean;
  messages: number;
  /** About 1 kB each, for a mailbox with very many; else as large as real ones. */
  small?: boolean;
}

/** Runs a system while `use` runs. */
export async function running(options: Options, use: (system: System) => Promise<void>): Promise<void> {
  const programs = wanted("BROWSER_PROGRAMS");
  const args = ["--component", wanted("BROWSER_COMPONENT"), "--host", join(programs, "plugin-host"), "--providers", join(programs, "provider-sim")];
  args.push("--messages", String(options.messages), "--port", "0", "--json");
  if (options.bare) args.push("--bare");
  if (options.small === true) args.push("--profile", "small");
  // It ends when its input does, so also if this process is killed.
  const demo = spawn(join(programs, "demo"), args, { stdio: ["pipe", "pipe", "pipe"] });
  try {
    await use(await said(demo));
  } finally {
    await ended(demo);
  }
}

async function said(demo: ChildProcess): Promise<System> {
  const complaints: string[] = [];
  demo.stderr?.on("data", (data: Buffer) => complaints.push(data.toString()));
  const { stdout } = demo;
  if (stdout === null) throw new Error("the demo has no output");
  return new Promise((resolve, reject) => {
    const failed = (why: string) => reject(new Error(`${why}\n${complaints.join("")}`));
    const timer = setTimeout(() => failed("the demo does not start"), STARTS_WITHIN);
    demo.once("error", (error) => failed(error.message));
    demo.once("exit", (code) => failed(`the demo ended with ${code}`));
    createInterface({ input: stdout }).on("line", (line) => {
      if (!line.startsWith("{")) return;
      clearTimeout(timer);
      resolve(JSON.parse(line) as System);
    });
  });
}

async function ended(demo: ChildProcess): Promise<void> {
  if (demo.exitCode !== null || demo.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => demo.kill("SIGKILL"), ENDS_WITHIN);
    demo.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    demo.stdin?.end();
  });
}
