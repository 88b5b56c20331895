import type {
  Alert,
  Answer,
  DeadLetter,
  Device,
  DevicePage,
  Lag,
  LatestReading,
  Ledger,
  LetterDepth,
  MetricPoints,
  Refusal,
  Registered,
  Retried,
  RotatedToken,
  Stats,
  Tenant,
} from './answer.js';
import { base64Of } from './payload.js';
import type { LetterFilter } from './route.js';

export type Query = Readonly<Record<string, string | number | undefined>>;

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** No answer within this long is none: the page says so instead of waiting. */
const answerMsMax = 5000;
/** A file takes as long as the way to the appliance makes it take. */
const uploadMsMax = 120_000;

/** The admin API with one key. Refusals are values; `onKeyRefused` is called when the key is no longer accepted. */
export class Api {
  constructor(
    readonly key: string,
    private readonly onKeyRefused: () => void = () => {},
  ) {}

  stats(): Promise<Answer<Stats>> {
    return this.call('GET', '/v1/stats', {});
  }

  lag(): Promise<Answer<Lag>> {
    return this.call('GET', '/v1/pipeline/lag', {});
  }

  tenants(): Promise<Answer<{ tenants: readonly Tenant[] }>> {
    return this.call('GET', '/v1/tenants', {});
  }

  /** Devices by id, a page at a time; the query may search. */
  devices(query: Query, signal?: AbortSignal): Promise<Answer<DevicePage>> {
    return this.call('GET', '/v1/devices', query, undefined, signal);
  }

  device(tenant: string, id: string, signal?: AbortSignal): Promise<Answer<Device>> {
    return this.call('GET', `/v1/devices/${encodeURIComponent(id)}`, { tenant }, undefined, signal);
  }

  ledger(tenant: string, id: string, signal?: AbortSignal): Promise<Answer<Ledger>> {
    return this.call('GET', `/v1/devices/${encodeURIComponent(id)}/ledger`, { tenant }, undefined, signal);
  }

  latest(tenant: string, id: string, signal?: AbortSignal): Promise<Answer<{ metrics: Readonly<Record<string, LatestReading>> }>> {
    return this.call('GET', `/v1/devices/${encodeURIComponent(id)}/metrics/latest`, { tenant }, undefined, signal);
  }

  points(
    tenant: string,
    id: string,
    query: { metric: string; from: number; to: number; limit: number },
    signal?: AbortSignal,
  ): Promise<Answer<MetricPoints>> {
    return this.call('GET', `/v1/devices/${encodeURIComponent(id)}/metrics`, { tenant, resolution: 'raw', ...query }, undefined, signal);
  }

  deadLetters(
    query: { tenant: string; limit: number; cursor: string | undefined } & LetterFilter,
    signal?: AbortSignal,
  ): Promise<Answer<{ dead_letters: readonly DeadLetter[]; next: string | null }>> {
    const { device, ...rest } = query;
    return this.call('GET', '/v1/dead-letters', { ...rest, ...(device !== undefined && { device_id: device }) }, undefined, signal);
  }

  letterDepth(signal?: AbortSignal): Promise<Answer<{ tenants: readonly LetterDepth[] }>> {
    return this.call('GET', '/v1/dead-letters/depth', {}, undefined, signal);
  }

  /** Tries a dead letter again, with another payload if there is one. */
  retryLetter(id: string, payload: string | undefined): Promise<Answer<Retried>> {
    const body = payload === undefined ? {} : { payload_base64: base64Of(new TextEncoder().encode(payload)) };
    return this.call('POST', `/v1/dead-letters/${id}/retry`, {}, body);
  }

  register(device: { device_id?: string; tenant: string }): Promise<Answer<Registered>> {
    return this.call('POST', '/v1/devices', {}, device);
  }

  alerts(): Promise<Answer<{ alerts: readonly Alert[] }>> {
    return this.call('GET', '/v1/alerts', {});
  }

  changeStatus(tenant: string, id: string, status: Device['status']): Promise<Answer<Device>> {
    return this.call('PATCH', `/v1/devices/${encodeURIComponent(id)}`, { tenant }, { status });
  }

  /** The token before stays valid for the grace. */
  rotateToken(tenant: string, id: string, graceSeconds: number): Promise<Answer<RotatedToken>> {
    return this.call('POST', `/v1/devices/${encodeURIComponent(id)}/token`, { tenant }, { grace_seconds: graceSeconds });
  }

  deleteDevice(tenant: string, id: string): Promise<Answer<unknown>> {
    return this.call('DELETE', `/v1/devices/${encodeURIComponent(id)}`, { tenant });
  }

  /** A page of an answer that is text; `next`: where the next page begins. */
  async text(path: string, query: Query): Promise<Answer<{ readonly text: string; readonly next: string | undefined }>> {
    try {
      const headers = { authorization: `Bearer ${this.key}` };
      const answer = await fetch(addressOf(path, query), { headers, signal: AbortSignal.timeout(uploadMsMax), cache: 'no-store' });
      if (!answer.ok) return { ok: false, refusal: refusalFrom(await answer.json(), answer.status) };
      const next = answer.headers.get('x-next');
      return { ok: true, value: { text: await answer.text(), next: next === null ? undefined : decodeURIComponent(next) } };
    } catch (cause) {
      return { ok: false, refusal: unreachable(cause) };
    }
  }

  /** Any call; the functions above are those that several pages make. A body that is a Blob is sent as it is, under its type. */
  async call<T>(method: Method, path: string, query: Query, body?: unknown, signal?: AbortSignal): Promise<Answer<T>> {
    const isFile = body instanceof Blob;
    const late = AbortSignal.timeout(isFile ? uploadMsMax : answerMsMax);
    try {
      const answer = await fetch(addressOf(path, query), {
        method,
        headers: {
          authorization: `Bearer ${this.key}`,
          ...(body === undefined ? {} : { 'content-type': isFile ? body.type : 'application/json' }),
        },
        body: body === undefined ? null : isFile ? body : JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, late]) : late,
        cache: 'no-store',
      });
      const json = await answer.json();
      if (answer.ok) return { ok: true, value: json as T };
      if (answer.status === 401) this.onKeyRefused();
      return { ok: false, refusal: refusalFrom(json, answer.status) };
    } catch (cause) {
      return { ok: false, refusal: late.aborted && !signal?.aborted ? noAnswer : unreachable(cause) };
    }
  }
}

function addressOf(path: string, query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
  return parameters.size > 0 ? `${path}?${parameters}` : path;
}

const noAnswer: Refusal = {
  code: 'no_answer',
  message: `there is no answer within ${answerMsMax / 1000} s`,
  wayOut: 'the database may stand still: the state at the top of the page says so',
};

function unreachable(cause: unknown): Refusal {
  return {
    code: 'unreachable',
    message: `cannot reach Spillway: ${String(cause)}`,
    wayOut: 'check that it runs and that this address is its own',
  };
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
