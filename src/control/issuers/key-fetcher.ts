import type { Report } from '../../telemetry/report.js';
import type { issuersEvents } from './events.js';
import { fetchKeys } from './key-set.js';
import type { TokenIssuer, TokenIssuers } from './token-issuers.js';

/** Keys are fetched this often, so that a new one is mostly known before the first token is signed with it. */
const FETCH_MS = 300_000;
/** Tokens that name unknown keys make them be fetched this often at most, whoever sends them. */
const ASKED_MS_MIN = 10_000;
const TIMEOUT_MS = 5000;

export interface KeyFetcherOptions {
  readonly issuers: TokenIssuers;
  readonly event: Report<keyof typeof issuersEvents>;
  readonly fetchMs?: number;
  readonly askedMsMin?: number;
  readonly timeoutMs?: number;
  readonly nowMs?: () => number;
}

/** Fetches the keys of issuers, now and then and when a token names one that is not known. */
export class KeyFetcher {
  /** Fetches since the start. */
  fetched = 0;
  failed = 0;
  readonly #options: Required<KeyFetcherOptions>;
  /** By issuer: why the last fetch failed. */
  readonly #failures = new Map<number, string>();
  readonly #fetchedMs = new Map<number, number>();
  readonly #fetching = new Map<number, Promise<void>>();
  /** By issuer: when the last fetch began. */
  readonly #begunMs = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: KeyFetcherOptions) {
    this.#options = { fetchMs: FETCH_MS, askedMsMin: ASKED_MS_MIN, timeoutMs: TIMEOUT_MS, nowMs: Date.now, ...options };
  }

  open(): void {
    this.#timer = setInterval(() => void this.fetchAll(), this.#options.fetchMs).unref();
    void this.fetchAll();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#fetching.values());
  }

  /** When the keys of the issuer were fetched last by this process. */
  fetchedMs(issuer: number): number | undefined {
    return this.#fetchedMs.get(issuer);
  }

  /** Why the keys of the issuer could not be fetched last; undefined: they could. */
  failureOf(issuer: number): string | undefined {
    return this.#failures.get(issuer);
  }

  async fetchAll(): Promise<void> {
    const wanted = [...this.#options.issuers.all()].flatMap(([tenant, list]) => list.map((one) => [tenant, one] as const));
    await Promise.all(wanted.map(([tenant, one]) => this.#fetch(tenant, one)));
    for (const id of this.#failures.keys()) if (!wanted.some(([, one]) => one.id === id)) this.#failures.delete(id);
  }

  /** A token names a key of the issuer that is not known. Resolves when its keys were fetched, or need not be; never rejects. */
  async asked(id: number): Promise<void> {
    for (const [tenant, list] of this.#options.issuers.all()) {
      const issuer = list.find((one) => one.id === id);
      const { nowMs, askedMsMin } = this.#options;
      const isDue = nowMs() - (this.#begunMs.get(id) ?? Number.NEGATIVE_INFINITY) >= askedMsMin;
      if (issuer) await (isDue ? this.#fetch(tenant, issuer) : this.#fetching.get(id));
    }
  }

  #fetch(tenant: string, issuer: TokenIssuer): Promise<void> {
    const { id, jwksUrl } = issuer;
    if (jwksUrl === null) return Promise.resolve();
    let fetching = this.#fetching.get(id);
    if (!fetching) {
      this.#begunMs.set(id, this.#options.nowMs());
      fetching = this.#attempt(tenant, issuer, jwksUrl).finally(() => this.#fetching.delete(id));
      this.#fetching.set(id, fetching);
    }
    return fetching;
  }

  async #attempt(tenant: string, { id, issuer }: TokenIssuer, url: string): Promise<void> {
    const { issuers, event, timeoutMs, nowMs } = this.#options;
    try {
      const keys = await fetchKeys(url, timeoutMs);
      await issuers.setKeys(tenant, id, keys, nowMs());
      this.fetched++;
      this.#fetchedMs.set(id, nowMs());
      if (this.#failures.delete(id)) event('info', 'issuer-keys-fetched-again', { tenant, issuer, url });
    } catch (error) {
      this.failed++;
      const cause = (error as Error).message;
      if (!this.#failures.has(id)) event('warn', 'issuer-keys-not-fetched', { tenant, issuer, url, cause });
      this.#failures.set(id, cause);
    }
  }
}
