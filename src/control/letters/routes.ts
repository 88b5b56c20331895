import { z } from 'zod';
import { deadLettersAnswer } from '../../contract/answers/operation.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { callersTenant } from '../../http/caller.js';
import { cursorSchema, writeCursor } from '../../http/cursor.js';
import { json, type Request } from '../../http/exchange.js';
import { parseQuery, timeSchema, wholeNumber } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import type { MetricNames } from '../metrics/metric-names.js';
import type { Queries } from '../queries/queries.js';
import { tenantSchema } from '../registry/input.js';
import type { Registry } from '../registry/registry.js';
import type { Schemas } from '../schemas/schemas.js';
import { describeLetter } from './dead-letter.js';
import { DEAD_LETTERS_MAX } from './dead-letters.js';
import { FaultFinder } from './fault-finder.js';

const deadLettersSchema = z.strictObject({
  tenant: tenantSchema,
  device_id: z.string().optional(),
  device_class: z.string().optional(),
  reason: z.string().optional(),
  from: timeSchema.optional(),
  to: timeSchema.optional(),
  unknown: z.enum(['true', 'false'], 'must be true or false').default('false'),
  limit: wholeNumber(1, DEAD_LETTERS_MAX, 100),
  cursor: cursorSchema(z.object({ us: z.string().regex(/^-?\d{1,18}$/), id: z.string().regex(/^\d{1,18}$/) })).optional(),
});

const deadLettersDoc: RouteDoc = {
  summary: 'What could not be decoded, and rows that the database refused, newest first',
  auth: 'viewer',
  scope: 'tenant',
  query: deadLettersSchema,
  answers: { 200: deadLettersAnswer },
  codes: [],
};
/** Of a tenant: so many can be looked up one by one for a page. */
const FEW_DEVICES_MAX = 1000;

export interface DeadLetterRoutesOptions {
  readonly queries: Pick<Queries, 'deadLetters'>;
  readonly registry: Pick<Registry, 'count'>;
  readonly metricNames: Pick<MetricNames, 'name'>;
  readonly schemas: Pick<Schemas, 'planOf'>;
  readonly keys: KeyCheck;
}

/** Every process answers them: what could not be decoded is the pipeline's affair. */
export function deadLetterRoutes(services: DeadLetterRoutesOptions): Route[] {
  const admit = adminOnly(services.keys);
  const faults = new FaultFinder((number) => services.schemas.planOf(number));
  const handle = (request: Request) => deadLetters(services, faults, request);
  return [{ method: 'GET', pattern: '/v1/dead-letters', doc: deadLettersDoc, admit, handle }];
}

async function deadLetters({ queries, metricNames, registry }: DeadLetterRoutesOptions, faults: FaultFinder, request: Request) {
  const query = parseQuery(request.query, deadLettersSchema, 'list dead letters');
  if (query instanceof ApiFailure) return query;
  const { tenant, device_id: device, device_class: deviceClass, reason, from, to, unknown, limit, cursor: after } = query;
  if (unknown === 'true' && callersTenant() !== undefined)
    return new ApiFailure('scope_forbidden', 'list dead letters', 'letters of unknown devices are of no tenant');
  const { letters, next } = await queries.deadLetters({
    tenant: unknown === 'true' ? undefined : tenant,
    hasFewDevices: registry.count(tenant) <= FEW_DEVICES_MAX,
    device,
    deviceClass,
    reason,
    fromMs: from,
    toMs: to,
    limit,
    after,
  });
  await faults.prepare(letters);
  const metric = (number: number) => metricNames.name(number);
  return json(200, {
    dead_letters: letters.map((letter) => describeLetter(letter, { device: () => letter.of, metric }, faults)),
    next: next === undefined ? null : writeCursor(next),
  });
}
