import { z } from 'zod';
import { count, next, time } from './shared.js';

const session = z.strictObject({
  tenant: z.string(),
  /** Names the session in calls: `d:NUMBER` of a device, `s:NUMBER:CLIENT_ID` of a service client. */
  key: z.string(),
  kind: z.enum(['device', 'service']),
  /** The device's id, or the client id. */
  client: z.string(),
  connected: z.boolean(),
  /** Protocol level of CONNECT: 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5. */
  level: z.int(),
  /** So long the session outlives its connection; null: it never expires. */
  expiry_seconds: count.nullable(),
  /** Since when it is connected, or is not. */
  since: time,
  subscriptions: count,
  queued_messages: count,
  queued_bytes: count,
  in_flight: count,
  /** Messages that found no room in its queue. */
  dropped: count,
});

export const sessionsAnswer = z.strictObject({ sessions: z.array(session), next });
export const sessionAnswer = session.extend({
  filters: z.array(z.strictObject({ filter: z.string(), qos: z.int() })),
  will: z.boolean(),
});
export const sessionDroppedAnswer = z.strictObject({ tenant: z.string(), key: z.string(), dropped: z.literal(true) });

export const retainedAnswer = z.strictObject({
  retained: z.array(
    z.strictObject({
      topic: z.string(),
      qos: z.int(),
      bytes: count,
      published_at: time,
      /** At most the first KiB. */
      payload_start_base64: z.string(),
    }),
  ),
  next,
});
export const retainedDeletedAnswer = z.strictObject({ tenant: z.string(), topic: z.string(), deleted: z.literal(true) });

/** Subscribers that get the message, those included for whom it waits; a shared group is one. */
export const messagePublishedAnswer = z.strictObject({ clients: count });

export type SessionsAnswer = z.infer<typeof sessionsAnswer>;
export type SessionAnswer = z.infer<typeof sessionAnswer>;
export type SessionDroppedAnswer = z.infer<typeof sessionDroppedAnswer>;
export type RetainedAnswer = z.infer<typeof retainedAnswer>;
export type RetainedDeletedAnswer = z.infer<typeof retainedDeletedAnswer>;
export type MessagePublishedAnswer = z.infer<typeof messagePublishedAnswer>;
