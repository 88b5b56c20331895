export type Value = number | string | boolean | null;

export interface Reading {
  readonly value: Value;
  readonly ts: string;
}

export interface Device {
  readonly device_id: string;
  readonly tenant: string;
  readonly status: 'active' | 'inactive' | 'quarantined' | 'decommissioned';
  readonly via: string | null;
  readonly device_class: string | null;
  readonly metadata: unknown;
  readonly registered_at: string;
  readonly last_seen_at: string | null;
  readonly connected: boolean;
  readonly latest: Readonly<Record<string, Reading>>;
}

export interface DevicePage {
  readonly devices: readonly Device[];
  readonly total: number;
  readonly next: string | null;
}

export interface Registered {
  readonly device_id: string;
  readonly tenant: string;
  readonly auth_token: string;
}

export interface MetricPoints {
  readonly points: readonly Reading[];
  readonly truncated: boolean;
}

export interface DeadLetter {
  readonly id: string | number;
  readonly device_id: string;
  readonly tenant: string;
  readonly received_at: string;
  readonly reason: string;
  readonly payload_base64: string;
  readonly partition: number;
  readonly log_offset: string | number;
}

export interface Lag {
  readonly lag_bytes: number;
  readonly lag_ms: number;
}

export interface Stats {
  readonly messages_per_second: number;
  readonly readings_per_second: number;
  readonly connections: number;
  readonly devices: number;
  readonly counters: { readonly dead: number };
}

/** An answer that is not the one asked for. `unreachable` is the page's own code: no answer came. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly wayOut: string;
}

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

export type Query = Readonly<Record<string, string | number | undefined>>;

const answerMsMax = 15_000;

/** The admin API with one key. Refusals are values; `onKeyRefused` hears of a key that is no longer accepted. */
export class Api {
  constructor(
    readonly key: string,
    private readonly onKeyRefused: () => void = () => {},
  ) {}

  stats(): Promise<Answer<Stats>> {
    return this.#call('GET', '/v1/stats', {});
  }

  lag(): Promise<Answer<Lag>> {
    return this.#call('GET', '/v1/pipeline/lag', {});
  }

  devices(query: { tenant: string; limit: number; after?: string | undefined }, signal?: AbortSignal): Promise<Answer<DevicePage>> {
    return this.#call('GET', '/v1/devices', query, undefined, signal);
  }

  device(tenant: string, id: string, signal?: AbortSignal): Promise<Answer<Device>> {
    return this.#call('GET', `/v1/devices/${encodeURIComponent(id)}`, { tenant }, undefined, signal);
  }

  latest(tenant: string, id: string, signal?: AbortSignal): Promise<Answer<{ metrics: Readonly<Record<string, Reading>> }>> {
    return this.#call('GET', `/v1/devices/${encodeURIComponent(id)}/metrics/latest`, { tenant }, undefined, signal);
  }

  points(
    tenant: string,
    id: string,
    query: { metric: string; from: number; to: number; limit: number },
    signal?: AbortSignal,
  ): Promise<Answer<MetricPoints>> {
    return this.#call('GET', `/v1/devices/${encodeURIComponent(id)}/metrics`, { tenant, resolution: 'raw', ...query }, undefined, signal);
  }

  deadLetters(limit: number, signal?: AbortSignal): Promise<Answer<{ dead_letters: readonly DeadLetter[] }>> {
    return this.#call('GET', '/v1/dead-letters', { limit }, undefined, signal);
  }

  register(device: { device_id?: string; tenant: string }): Promise<Answer<Registered>> {
    return this.#call('POST', '/v1/devices', {}, device);
  }

  async #call<T>(method: 'GET' | 'POST', path: string, query: Query, body?: unknown, signal?: AbortSignal): Promise<Answer<T>> {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
    const late = AbortSignal.timeout(answerMsMax);
    try {
      const answer = await fetch(parameters.size > 0 ? `${path}?${parameters}` : path, {
        method,
        headers: { authorization: `Bearer ${this.key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        body: body === undefined ? null : JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, late]) : late,
        cache: 'no-store',
      });
      const json = await answer.json();
      if (answer.ok) return { ok: true, value: json as T };
      if (answer.status === 401) this.onKeyRefused();
      return { ok: false, refusal: refusalFrom(json, answer.status) };
    } catch (cause) {
      const message = signal?.aborted
        ? 'cannot finish the call: the page asked for something else'
        : `cannot reach Spillway: ${String(cause)}`;
      return { ok: false, refusal: { code: 'unreachable', message, wayOut: 'check that it runs and that this address is its own' } };
    }
  }
}

function refusalFrom(json: unknown, status: number): Refusal {
  const error = (json as { error?: { code?: string; message?: string; way_out?: string } } | null)?.error;
  return {
    code: error?.code ?? `http_${status}`,
    message: error?.message ?? `cannot finish the call: status ${status}`,
    wayOut: error?.way_out ?? '',
  };
}

/** Whether the appliance takes messages in, and if not, why. Needs no key. */
export async function readReadiness(): Promise<{ state: 'ready' | 'not ready' | 'away'; reason: string }> {
  try {
    const answer = await fetch('/readyz', { cache: 'no-store', signal: AbortSignal.timeout(answerMsMax) });
    if (answer.ok) return { state: 'ready', reason: '' };
    const json = (await answer.json()) as { reason?: string };
    return { state: 'not ready', reason: json.reason ?? `status ${answer.status}` };
  } catch {
    return { state: 'away', reason: 'no answer' };
  }
}
