import { z } from 'zod';
import { tenantTimeZoneAnswer } from '../../contract/answers/devices.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, parseBody, parseQuery } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { tenantQuery } from '../registry/input.js';
import { timeZoneSchema } from './input.js';
import type { TimeZones } from './time-zones.js';

const bodySchema = z.strictObject({ time_zone: timeZoneSchema.nullable() });
const ofTenant = { scope: 'tenant', query: tenantQuery, answers: { 200: tenantTimeZoneAnswer } } as const;
const docs = {
  read: { ...ofTenant, auth: 'viewer', summary: 'The time zone of times of the tenant that name none', codes: [] },
  set: {
    ...ofTenant,
    auth: 'operator',
    summary: 'Sets it; null: such times are left out, and their messages have the time of receipt',
    request: bodySchema,
    codes: ['time_zones_exhausted'],
  },
} satisfies Record<string, RouteDoc>;

/** The time zone of a tenant; that of a device is a member of the device. */
export function timeZoneRoutes(timeZones: Pick<TimeZones, 'ofTenant' | 'set'>, keys: KeyCheck): Route[] {
  const admit = adminOnly(keys);
  const pattern = '/v1/time-zone';
  const view = (tenant: string) => json(200, { tenant, time_zone: timeZones.ofTenant(tenant) ?? null });

  function read({ query }: Request): Answer | ApiFailure {
    const asked = parseQuery(query, tenantQuery, 'read the time zone');
    return asked instanceof ApiFailure ? asked : view(asked.tenant);
  }

  async function set({ query, body }: Request): Promise<Answer | ApiFailure> {
    const asked = parseQuery(query, tenantQuery, 'set the time zone');
    if (asked instanceof ApiFailure) return asked;
    const input = parseBody(body, bodySchema, 'set the time zone');
    if (input instanceof ApiFailure) return input;
    return (await timeZones.set(asked.tenant, input.time_zone ?? undefined)) ?? view(asked.tenant);
  }

  return [
    { method: 'GET', pattern, doc: docs.read, admit, handle: read },
    { method: 'PUT', pattern, doc: docs.set, body: ADMIN_BODY, admit, handle: set },
  ];
}
