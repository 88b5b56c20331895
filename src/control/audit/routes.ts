import { z } from 'zod';
import { auditAnswer } from '../../contract/answers/audit.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { isoTime } from '../../contract/iso-time.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { cursorSchema, writeCursor } from '../../http/cursor.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { parseQuery, timeSchema, wholeNumber } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { tenantSchema } from '../registry/input.js';
import type { AuditEntry, AuditLog } from './audit-log.js';

const PAGE_MAX = 1000;

const querySchema = z.strictObject({
  /** Absent: of all tenants that the caller may see. */
  tenant: tenantSchema.unwrap().optional(),
  actor: z.string().optional(),
  action: z.string().optional(),
  target: z.string().optional(),
  from: timeSchema.optional(),
  to: timeSchema.optional(),
  limit: wholeNumber(1, PAGE_MAX, 100),
  cursor: cursorSchema(z.object({ id: z.string().regex(/^\d{1,18}$/) })).optional(),
});

const doc: RouteDoc = {
  summary: 'What operators changed, newest first: who, when, from where, what, and what it was before and after',
  auth: 'admin',
  scope: 'tenant',
  query: querySchema,
  answers: { 200: auditAnswer },
  codes: [],
};

export function auditRoutes(audit: Pick<AuditLog, 'list'>, keys: KeyCheck): Route[] {
  const handle = async ({ query }: Request): Promise<Answer | ApiFailure> => {
    const asked = parseQuery(query, querySchema, 'list the audit log');
    if (asked instanceof ApiFailure) return asked;
    const { from: fromMs, to: toMs, limit, cursor, tenant, actor, action, target } = asked;
    const found = await audit.list({ tenant, actor, action, target, fromMs, toMs, limit: limit + 1, before: cursor?.id });
    const page = found.slice(0, limit);
    const next = found.length > limit ? writeCursor({ id: page.at(-1)!.id }) : null;
    return json(200, { entries: page.map(viewEntry), next });
  };
  return [{ method: 'GET', pattern: '/v1/audit', doc, admit: adminOnly(keys), handle }];
}

function viewEntry(entry: AuditEntry) {
  return {
    id: entry.id,
    at: isoTime(entry.at.getTime()),
    actor: { kind: entry.actor_kind, id: entry.actor_id, name: entry.actor_name, role: entry.actor_role },
    address: entry.address,
    action: entry.action,
    path: entry.path,
    tenant: entry.tenant_id,
    target: entry.target,
    before: entry.before ?? null,
    after: entry.after ?? null,
  };
}
