import { z } from 'zod';
import { filterProblem } from '../../contract/acl/levels.js';
import { retainedAnswer, retainedDeletedAnswer } from '../../contract/answers/sessions.js';
import { ApiFailure } from '../../contract/api-errors.js';
import type { RetainedEntry } from '../../contract/broker/session-views.js';
import { isoTime } from '../../contract/iso-time.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { parseQuery, textSchema, wholeNumber } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { tenantSchema } from '../registry/input.js';
import { type Asked, askBroker } from './ask.js';
import { afterSchema, nextOf, PAGE_MAX } from './routes.js';

const listQuery = z.strictObject({
  tenant: tenantSchema,
  filter: textSchema(filterProblem).default('#'),
  cursor: afterSchema,
  limit: wholeNumber(1, PAGE_MAX, 100),
});
const deleteQuery = z.strictObject({ tenant: tenantSchema, topic: z.string('must be a topic').min(1, 'must not be empty') });

const listDoc: RouteDoc = {
  summary: 'The retained messages of a tenant whose topics a filter matches, by topic, each with the start of its payload',
  auth: 'viewer',
  scope: 'tenant',
  query: listQuery,
  answers: { 200: retainedAnswer },
  codes: ['query_invalid', 'sessions_missing', 'unavailable'],
};
const deleteDoc: RouteDoc = {
  summary: 'Deletes the retained message of a topic',
  auth: 'operator',
  scope: 'tenant',
  query: deleteQuery,
  answers: { 200: retainedDeletedAnswer },
  codes: ['query_invalid', 'retained_unknown', 'sessions_missing', 'unavailable'],
};

/** Retained messages: listed and deleted. */
export function retainedRoutes(plane: Asked, keys: KeyCheck): Route[] {
  const admit = adminOnly(keys);

  async function list({ query }: Request): Promise<Answer | ApiFailure> {
    const attempt = 'list retained messages';
    const asked = parseQuery(query, listQuery, attempt);
    if (asked instanceof ApiFailure) return asked;
    const { tenant, filter, cursor, limit } = asked;
    const answer = await askBroker(plane, { kind: 'retained', tenant, filter, after: cursor?.after, limit }, 'retained', attempt);
    if (answer instanceof ApiFailure) return answer;
    return json(200, { retained: answer.entries.map(viewOf), next: nextOf(answer.next) });
  }

  async function remove({ query }: Request): Promise<Answer | ApiFailure> {
    const asked = parseQuery(query, deleteQuery, 'delete a retained message');
    if (asked instanceof ApiFailure) return asked;
    const { tenant, topic } = asked;
    const attempt = `delete the retained message of ${topic}`;
    const answer = await askBroker(plane, { kind: 'drop-retained', tenant, topic }, 'dropped', attempt);
    if (answer instanceof ApiFailure) return answer;
    return answer.found ? json(200, { tenant, topic, deleted: true }) : new ApiFailure('retained_unknown', attempt);
  }

  return [
    { method: 'GET', pattern: '/v1/retained', doc: listDoc, admit, handle: list },
    { method: 'DELETE', pattern: '/v1/retained', doc: deleteDoc, admit, handle: remove },
  ];
}

function viewOf({ topic, qos, bytes, atMs, payloadStart }: RetainedEntry) {
  return { topic, qos, bytes, published_at: isoTime(atMs), payload_start_base64: payloadStart };
}
