// A socket whose server is the test, and a stream that was recorded from a real server.
import { readFileSync } from "node:fs";
import type { StreamEvent } from "../src/wire.ts";

/** A WebSocket that goes nowhere: the test says what the server says, and reads what the client said. */
export class FakeSocket {
  static readonly OPEN = 1;
  readyState = 0;
  readonly said: { type: string; data?: Record<string, unknown> }[] = [];
  onmessage: ((event: { data: string }) => void) | null = null;
  onopen: (() => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  readonly protocols: string[];

  constructor(protocols: string[]) {
    this.protocols = protocols;
  }

  send(text: string): void {
    this.said.push(JSON.parse(text));
  }

  close(): void {
    this.readyState = 3;
  }

  /** The connection is there, and the server greets. */
  greet(top: number, epoch = 1): void {
    this.readyState = 1;
    const limits = { frame_bytes: 1, message_bytes: 1, messages_per_minute: 1, burst: 1, resume_events: 300 };
    const data = { epoch, top, server_time: "2026-09-21T12:00:00.000Z", ping_s: 25, limits };
    this.hear({ type: "hello", data });
  }

  /** The connection is there, and nothing is said yet. */
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  hear(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  fail(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code, reason: "" });
  }
}

/** Events as a server has sent them, in `recorded/`. */
export function recorded(name: string): StreamEvent[] {
  const text = readFileSync(new URL(`recorded/${name}.jsonl`, import.meta.url), "utf8");
  const lines = text.split("\n").filter(line => line !== "");
  return lines.map(line => JSON.parse(line) as StreamEvent);
}
