/** A writer whose connection is watched while it writes a batch. */
export interface Watched {
  /** Changes with every byte to or from the server. */
  readonly traffic: number;
  /** Gives the connection up: the batch being written fails. */
  abandon(): void;
}

export interface SilenceLimits {
  readonly lookEveryMs: number;
  /** After so long a silence it is reported, and the database counts as down. */
  readonly reportedMs: number;
  /** After so long a silence the connection is given up; the time doubles until a batch is written. */
  readonly abandonedMs: number;
  readonly abandonedMsMax: number;
}

/**
 * A server that was stopped, or whose machine is gone without a word, keeps its connections; a row that someone has locked, or a
 * commit that waits for a standby, looks the same from here. So silence is reported soon, and the connection is given up late, and
 * later each time: work that only takes long is not started over and over.
 */
export const SILENCE: SilenceLimits = { lookEveryMs: 1000, reportedMs: 10_000, abandonedMs: 60_000, abandonedMsMax: 3_600_000 };

export interface SilencePorts {
  silent(ms: number): void;
  abandoned(ms: number): void;
}

/** Watches one writer while it writes. */
export class SilenceWatch {
  readonly #limits: SilenceLimits;
  readonly #watched: Watched;
  readonly #ports: SilencePorts;
  #timer: NodeJS.Timeout | undefined;
  #traffic = 0;
  #movedMs = 0;
  #abandonMs: number;
  #reported = false;

  constructor(watched: Watched, ports: SilencePorts, limits: SilenceLimits) {
    this.#watched = watched;
    this.#ports = ports;
    this.#limits = limits;
    this.#abandonMs = limits.abandonedMs;
  }

  begin(): void {
    this.#moved();
    this.#timer = setInterval(() => this.#look(), this.#limits.lookEveryMs);
  }

  /** Whether silence was reported since `begin`. `written`: the batch is in the database. */
  end(written: boolean): boolean {
    clearInterval(this.#timer);
    if (written) this.#abandonMs = this.#limits.abandonedMs;
    const reported = this.#reported;
    this.#reported = false;
    return reported;
  }

  #look(): void {
    if (this.#watched.traffic !== this.#traffic) {
      this.#moved();
      return;
    }
    const silentMs = performance.now() - this.#movedMs;
    if (silentMs >= this.#limits.reportedMs && !this.#reported) {
      this.#reported = true;
      this.#ports.silent(silentMs);
    }
    if (silentMs < this.#abandonMs) return;
    this.#abandonMs = Math.min(this.#abandonMs * 2, this.#limits.abandonedMsMax);
    this.#moved();
    this.#ports.abandoned(silentMs);
    this.#watched.abandon();
  }

  #moved(): void {
    this.#traffic = this.#watched.traffic;
    this.#movedMs = performance.now();
  }
}
