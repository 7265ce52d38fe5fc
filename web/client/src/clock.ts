// The server's time on a device whose clock may be wrong, or be set while the page is open.

/** Knows the server's time from its messages; between them it counts with a clock that nobody can set. */
export class ServerClock {
  private readonly monotonic: () => number;
  /** Server time less monotonic time, milliseconds. */
  private offset: number | undefined;
  private bestRoundTrip = Number.POSITIVE_INFINITY;

  constructor(monotonic: () => number = () => performance.now()) {
    this.monotonic = monotonic;
  }

  /** Takes in what the server said its time is; `sentAt` is the monotonic time of the question, if there was one. */
  learn(serverTime: string, sentAt?: number): void {
    const at = Date.parse(serverTime);
    if (Number.isNaN(at)) return;
    const now = this.monotonic();
    const roundTrip = sentAt === undefined ? Number.POSITIVE_INFINITY : now - sentAt;
    // An answer that came quickly says more than one that came slowly.
    if (this.offset !== undefined && roundTrip > this.bestRoundTrip) return;
    this.bestRoundTrip = roundTrip;
    this.offset = at + (Number.isFinite(roundTrip) ? roundTrip / 2 : 0) - now;
  }

  /** The server's time in milliseconds since 1970; the device's own before the server has said anything. */
  now(): number {
    return this.offset === undefined ? Date.now() : this.offset + this.monotonic();
  }

  /** Whether the server has said its time. */
  get isKnown(): boolean {
    return this.offset !== undefined;
  }

  /** Forgets how good the last answer was: a device that slept may have stopped the monotonic clock, too. */
  doubt(): void {
    this.bestRoundTrip = Number.POSITIVE_INFINITY;
  }
}
