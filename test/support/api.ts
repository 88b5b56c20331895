import type { Appliance } from './appliance.js';
import { until } from './until.js';

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

/** Waits until everything durable is committed. */
export async function committed(appliance: Appliance): Promise<void> {
  await until('everything is committed', async () => {
    const lag = await call<{ lag_bytes: number }>(appliance, 'GET', '/v1/pipeline/lag');
    return lag.lag_bytes === 0;
  });
}
