import { z } from 'zod';
import { sessionAnswer, sessionDroppedAnswer, sessionsAnswer } from '../../contract/answers/sessions.js';
import { ApiFailure } from '../../contract/api-errors.js';
import type { SessionSummary } from '../../contract/broker/session-views.js';
import { isoTime } from '../../contract/iso-time.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { callersTenant } from '../../http/caller.js';
import { cursorSchema, writeCursor } from '../../http/cursor.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { parseQuery, wholeNumber } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { tenantQuery, tenantSchema } from '../registry/input.js';
import { type Asked, askBroker } from './ask.js';

export const PAGE_MAX = 1000;
/** Session Expiry Interval of a session that never expires. MQTT 5 §3.1.2.11.2. */
const EXPIRES_NEVER = 0xffff_ffff;

export const afterSchema = cursorSchema(z.object({ after: z.string() })).optional();

const listQuery = z.strictObject({
  /** Absent: of all tenants that the caller may see. */
  tenant: tenantSchema.unwrap().optional(),
  /** Part of a device's id or of a client id. */
  client: z.string().optional(),
  cursor: afterSchema,
  limit: wholeNumber(1, PAGE_MAX, 100),
});

const listDoc: RouteDoc = {
  summary: 'The MQTT sessions of this process, connected or not',
  auth: 'viewer',
  scope: 'tenant',
  query: listQuery,
  answers: { 200: sessionsAnswer },
  codes: ['query_invalid', 'sessions_missing', 'unavailable'],
};
const readDoc: RouteDoc = {
  summary: 'One MQTT session, with its subscriptions',
  auth: 'viewer',
  scope: 'tenant',
  query: tenantQuery,
  answers: { 200: sessionAnswer },
  codes: ['query_invalid', 'session_unknown', 'sessions_missing', 'unavailable'],
};
const dropDoc: RouteDoc = {
  summary: 'Ends an MQTT session with its connection, its subscriptions and all that waits for it',
  auth: 'operator',
  scope: 'tenant',
  query: tenantQuery,
  answers: { 200: sessionDroppedAnswer },
  codes: ['query_invalid', 'session_unknown', 'sessions_missing', 'unavailable'],
};

/** MQTT sessions: listed, read, and dropped. */
export function sessionRoutes(plane: Asked, keys: KeyCheck): Route[] {
  const admit = adminOnly(keys);
  const one = '/v1/sessions/:key';

  async function list({ query }: Request): Promise<Answer | ApiFailure> {
    const attempt = 'list MQTT sessions';
    const asked = parseQuery(query, listQuery, attempt);
    if (asked instanceof ApiFailure) return asked;
    const { tenant = callersTenant(), client, cursor, limit } = asked;
    const answer = await askBroker(plane, { kind: 'sessions', tenant, client, after: cursor?.after, limit }, 'sessions', attempt);
    if (answer instanceof ApiFailure) return answer;
    return json(200, { sessions: answer.sessions.map(viewOf), next: nextOf(answer.next) });
  }

  async function read({ params, query }: Request): Promise<Answer | ApiFailure> {
    const key = params[0]!;
    const attempt = `read MQTT session ${key}`;
    const asked = parseQuery(query, tenantQuery, attempt);
    if (asked instanceof ApiFailure) return asked;
    const answer = await askBroker(plane, { kind: 'session', tenant: asked.tenant, key }, 'session', attempt);
    if (answer instanceof ApiFailure) return answer;
    const { session } = answer;
    if (!session) return new ApiFailure('session_unknown', attempt);
    return json(200, { ...viewOf(session), filters: session.filters, will: session.hasWill });
  }

  async function drop({ params, query }: Request): Promise<Answer | ApiFailure> {
    const key = params[0]!;
    const attempt = `drop MQTT session ${key}`;
    const asked = parseQuery(query, tenantQuery, attempt);
    if (asked instanceof ApiFailure) return asked;
    const answer = await askBroker(plane, { kind: 'drop-session', tenant: asked.tenant, key }, 'dropped', attempt);
    if (answer instanceof ApiFailure) return answer;
    return answer.found ? json(200, { tenant: asked.tenant, key, dropped: true }) : new ApiFailure('session_unknown', attempt);
  }

  return [
    { method: 'GET', pattern: '/v1/sessions', doc: listDoc, admit, handle: list },
    { method: 'GET', pattern: one, doc: readDoc, admit, handle: read },
    { method: 'DELETE', pattern: one, doc: dropDoc, admit, handle: drop },
  ];
}

export function nextOf(after: string | undefined): string | null {
  return after === undefined ? null : writeCursor({ after });
}

function viewOf(session: SessionSummary) {
  const { tenant, key, label, isConnected, level, expirySeconds, sinceMs, subscriptions, queued, queuedBytes, inFlight, dropped } = session;
  return {
    tenant,
    key,
    kind: key.startsWith('d:') ? 'device' : 'service',
    client: label,
    connected: isConnected,
    level,
    expiry_seconds: expirySeconds === EXPIRES_NEVER ? null : expirySeconds,
    since: isoTime(sinceMs),
    subscriptions,
    queued_messages: queued,
    queued_bytes: queuedBytes,
    in_flight: inFlight,
    dropped,
  };
}
