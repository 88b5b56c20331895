import type { Appliance } from './appliance.js';

/** Calls the appliance's API as an admin; throws with the answer's text when it is not 2xx. */
export async function call<Answer = unknown>(appliance: Appliance, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(appliance.http + path, {
    method,
    headers: { authorization: `Bearer ${appliance.adminKey}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text) as Answer;
}

/** Calls `probe` until it answers something other than undefined; throws after `deadlineMs`. */
export async function until<Value>(what: string, deadlineMs: number, probe: () => Promise<Value | undefined>): Promise<Value> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits until everything durable is committed. */
export async function committed(appliance: Appliance, deadlineMs = 30_000): Promise<void> {
  await until('everything is committed', deadlineMs, async () => {
    const lag = await call<{ lag_bytes: number }>(appliance, 'GET', '/v1/pipeline/lag');
    return lag.lag_bytes === 0 ? true : undefined;
  });
}
