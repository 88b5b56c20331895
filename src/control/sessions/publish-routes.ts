import { z } from 'zod';
import { KIB, PAYLOAD_BYTES_MAX } from '../../../assembly/abi/limits.js';
import { messagePublishedAnswer } from '../../contract/answers/sessions.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { isTelemetryTopic } from '../../contract/topic-rules/own-topics.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { parseBody, textSchema } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { topicProblem } from '../ingest/by-topic.js';
import { tenantSchema } from '../registry/input.js';
import { isBase64 } from '../topic-rules/input.js';
import { type Asked, askBroker } from './ask.js';

/** The largest payload has two thirds of it in base64. */
const BODY = { bytesMax: 256 * KIB, oversize: 'body_oversize' } as const;
/** Message Expiry Interval. MQTT 5 §3.3.2.3.3. */
const EXPIRY_SECONDS_MAX = 0xffff_ffff;
const EXPIRY_PROBLEM = `must be a whole number from 1 to ${EXPIRY_SECONDS_MAX}`;
const QOS_PROBLEM = 'must be 0, 1 or 2';

const messageSchema = z
  .strictObject({
    tenant: tenantSchema,
    topic: textSchema(problemOfTopic),
    payload: z.string('must be a string').optional(),
    payload_base64: textSchema((value) => (isBase64(value) ? undefined : 'must be base64')).optional(),
    qos: z.union([z.literal(0), z.literal(1), z.literal(2)], QOS_PROBLEM).default(0),
    retain: z.boolean('must be true or false').default(false),
    expiry_seconds: z.int(EXPIRY_PROBLEM).min(1, EXPIRY_PROBLEM).max(EXPIRY_SECONDS_MAX, EXPIRY_PROBLEM).optional(),
  })
  .refine(({ payload, payload_base64: encoded }) => (payload === undefined) !== (encoded === undefined), {
    path: ['payload'],
    message: 'or payload_base64 must be there, and not both',
  });

const publishDoc: RouteDoc = {
  summary: 'Publishes a message to the subscribers of its topic; answered once those who must get it are sure to',
  auth: 'operator',
  scope: 'tenant',
  request: messageSchema,
  answers: { 200: messagePublishedAnswer },
  codes: ['topic_telemetry', 'payload_oversize', 'sessions_missing', 'unavailable'],
};

/** Messages that operators and services publish without a connection of their own. */
export function publishRoutes(plane: Asked, keys: KeyCheck): Route[] {
  async function publish({ body }: Request): Promise<Answer | ApiFailure> {
    const input = parseBody(body, messageSchema, 'publish a message');
    if (input instanceof ApiFailure) return input;
    const { tenant, topic, qos, retain, expiry_seconds: expirySeconds } = input;
    const attempt = `publish on ${topic}`;
    if (isTelemetryTopic(topic)) return new ApiFailure('topic_telemetry', attempt);
    const payload = input.payload === undefined ? Buffer.from(input.payload_base64 ?? '', 'base64') : Buffer.from(input.payload);
    if (payload.length > PAYLOAD_BYTES_MAX) return new ApiFailure('payload_oversize', attempt);
    const message = { tenant, topic, payload: Uint8Array.from(payload), qos, retain, expirySeconds };
    const answer = await askBroker(plane, { kind: 'publish', ...message }, 'published', attempt);
    return answer instanceof ApiFailure ? answer : json(200, { clients: answer.clients });
  }

  return [{ method: 'POST', pattern: '/v1/messages', doc: publishDoc, body: BODY, admit: adminOnly(keys), handle: publish }];
}

function problemOfTopic(topic: string): string | undefined {
  if (topic.startsWith('$')) return 'must not begin with $, which is for topics of the server';
  return topicProblem(topic) ?? (/\p{Surrogate}/u.test(topic) ? 'must not hold lone surrogates' : undefined);
}
