/** What is watched while a batch is written. */
export interface Watched {
  /** Changes with every byte that goes either way. */
  readonly traffic: number;
  /** Gives the connection up: what waits for it fails. */
  abandon(): void;
}

export interface SilenceLimits {
  readonly lookEveryMs: number;
  /** From then on the database counts as down. */
  readonly toldMs: number;
  /** From then on the connection is given up; twice as long each time that follows without a batch written. */
  readonly abandonedMs: number;
  readonly abandonedMsMax: number;
}

/**
 * A server that was stopped, or whose machine is gone without a word, keeps its connections; a row that someone has locked, or a
 * commit that waits for a standby, looks the same from here. So the silence is told soon, and the connection given up late and
 * later each time: work that only takes long is not begun anew for ever.
 */
export const SILENCE: SilenceLimits = { lookEveryMs: 1000, toldMs: 10_000, abandonedMs: 60_000, abandonedMsMax: 3_600_000 };

export interface SilencePorts {
  silent(ms: number): void;
  abandoned(ms: number): void;
}

/** Looks at one writer while it writes. */
export class SilenceWatch {
  readonly #limits: SilenceLimits;
  readonly #watched: Watched;
  readonly #ports: SilencePorts;
  #timer: NodeJS.Timeout | undefined;
  #traffic = 0;
  #movedMs = 0;
  #abandonMs: number;
  #told = false;

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

  /** Whether silence was told since `begin`. `written`: the batch is in the database. */
  end(written: boolean): boolean {
    clearInterval(this.#timer);
    if (written) this.#abandonMs = this.#limits.abandonedMs;
    const told = this.#told;
    this.#told = false;
    return told;
  }

  #look(): void {
    if (this.#watched.traffic !== this.#traffic) {
      this.#moved();
      return;
    }
    const silentMs = performance.now() - this.#movedMs;
    if (silentMs >= this.#limits.toldMs && !this.#told) {
      this.#told = true;
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
