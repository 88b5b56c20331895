import { z } from 'zod';
import { MIB } from '../../../assembly/abi/limits.js';
import { importAnswer } from '../../contract/answers/devices.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { parseQuery } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { importDevices } from './csv-import.js';
import { CSV_COLUMNS, cellsOf, csvLine } from './csv-row.js';
import type { Device } from './device.js';
import { tenantSchema } from './input.js';
import type { Registry } from './registry.js';

const IMPORT_BODY = { bytesMax: 32 * MIB, oversize: 'body_oversize', types: ['text/csv', 'text/plain', 'application/csv'] } as const;

const BOOLEAN = z.enum(['true', 'false'], 'must be true or false').optional();
const importQuery = z.object({ tenant: tenantSchema, dry_run: BOOLEAN, create_groups: BOOLEAN });

const doc: RouteDoc = {
  summary: 'Registers and changes devices as the rows of a CSV say, and reports each row that cannot be taken; again, it changes nothing',
  auth: 'operator',
  scope: 'tenant',
  query: importQuery,
  request: 'any',
  answers: { 200: importAnswer },
  codes: ['body_oversize', 'state_unwritable'],
};

export function csvRoutes(registry: Registry, keys: KeyCheck): Route[] {
  const handle = async ({ body, query }: Request): Promise<Answer | ApiFailure> => {
    const asked = parseQuery(query, importQuery, 'import devices');
    if (asked instanceof ApiFailure) return asked;
    const rules = { tenant: asked.tenant, isDryRun: asked.dry_run === 'true', mayCreateGroups: asked.create_groups === 'true' };
    const report = await importDevices(registry, body, rules);
    return report instanceof ApiFailure ? report : json(200, report);
  };
  return [{ method: 'POST', pattern: '/v1/devices/import', doc, body: IMPORT_BODY, admit: adminOnly(keys), handle }];
}

/** Devices as an import reads them; `next`: where the next page begins. */
export function csvAnswer(registry: Pick<Registry, 'byNumber' | 'groups'>, devices: readonly Device[], next: string | null): Answer {
  const lines = devices.map((device) => csvLine(cellsOf(device, registry.byNumber(device.via)?.id, registry.groups)));
  const headers: [string, string][] = [
    ['content-type', 'text/csv; charset=utf-8; header=present'],
    ['cache-control', 'no-store'],
    ['x-content-type-options', 'nosniff'],
  ];
  if (next !== null) headers.push(['x-next', encodeURIComponent(next)]);
  return { status: 200, headers, body: csvLine(CSV_COLUMNS) + lines.join('') };
}
