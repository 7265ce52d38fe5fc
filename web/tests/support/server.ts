// A real server of the demo with a world of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "@playwright/test";

const PROGRAM =
  process.env.PEERPACK_PROGRAM ?? new URL("../../../target/debug/peerpack", import.meta.url).pathname;

/** A server of the demo with an empty world of its own, which can be killed and started again. */
export class Server {
  readonly url: string;
  private readonly port: number;
  private readonly data = mkdtempSync(join(tmpdir(), "peerpack-pages-"));
  private readonly settings: NodeJS.ProcessEnv;
  private process: ChildProcess | undefined;

  private constructor(port: number, settings: NodeJS.ProcessEnv) {
    this.port = port;
    this.settings = settings;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(settings: NodeJS.ProcessEnv = {}): Promise<Server> {
    const server = new Server(await freePort(), settings);
    await server.run();
    return server;
  }

  async run(): Promise<void> {
    const env = { ...process.env, PEERPACK_DATA_DIR: this.data, PEERPACK_LOG: "warn", ...this.settings };
    const args = ["demo", "--listen", `127.0.0.1:${this.port}`];
    this.process = spawn(PROGRAM, args, { env, stdio: "ignore" });
    await expect
      .poll(
        () =>
          fetch(`${this.url}/api/health/ready`).then(
            answer => answer.status,
            () => 0,
          ),
        { timeout: 60_000 },
      )
      .toBe(200);
  }

  /** As a crash would end it. */
  async kill(): Promise<void> {
    const { process } = this;
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    const ended = new Promise(resolve => process.once("exit", resolve));
    process.kill("SIGKILL");
    await ended;
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.data, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  return new Promise(resolve => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
