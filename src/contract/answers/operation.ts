import { z } from 'zod';
import { count, countsByCode, next, offset, time } from './shared.js';

export const healthAnswer = z.strictObject({ status: z.literal('ok') });

const acknowledgement = z
  .strictObject({
    copies: z.int().nullable(),
    copies_configured: z.int().nullable(),
    copies_min: z.int().nullable(),
    meaning: z.string(),
  })
  .nullable();
export const readyAnswer = z.strictObject({ status: z.literal('ready'), acknowledgement });
export const notReadyAnswer = z.strictObject({ status: z.literal('not ready'), reason: z.string(), acknowledgement });

/** An item of a body, counted from 0, and why it is not what it should be. */
const itemFault = z.strictObject({ index: z.int(), code: z.string(), message: z.string() });
/** What the pipeline made of the items of a body. */
const ingestedItems = z.strictObject({
  status: z.literal('durable'),
  /** `unknown`: the verdicts on the items that `unknown` lists are not known, for the reason `cause`. */
  decoded: z.enum(['known', 'unknown']),
  accepted: count,
  /** Of those accepted: what was stored before, and was not stored again. */
  duplicate: count,
  dead: z.array(itemFault.extend({ position: z.int().nullable() })),
  /** Values of accepted items that were left out. */
  skipped: z.array(itemFault.extend({ values: count })),
  unknown: z.array(z.int()),
  refused: z.array(itemFault).optional(),
  cause: z.string().optional(),
});
export type IngestedItems = z.infer<typeof ingestedItems>;

export const ingestedAnswer = z.union([
  z.strictObject({ status: z.literal('durable'), refused: z.array(itemFault).optional() }),
  z.strictObject({ status: z.literal('undecodable'), message: z.string() }),
  ingestedItems,
]);

export const alertsAnswer = z.strictObject({
  alerts: z.array(
    z.strictObject({
      id: z.string(),
      rule: z.string(),
      subject: z.string().nullable(),
      severity: z.enum(['warning', 'critical']),
      state: z.enum(['raised', 'cleared']),
      node: z.string(),
      message: z.string(),
      link: z.string().nullable(),
      raised_at: time,
      cleared_at: time.nullable(),
    }),
  ),
});

const lagOfPartition = z.strictObject({
  partition: z.int(),
  here: z.boolean(),
  start_offset: offset,
  durable_offset: offset,
  processed_offset: offset,
  committed_offset: offset,
  checkpoint_offset: offset.nullable(),
  checkpoint_age_ms: z.number().nullable(),
  checkpoint_store_offset: offset.nullable(),
  checkpoint_store_age_ms: z.number().nullable(),
  lag_bytes: z.number(),
  lag_ms: z.number(),
  committed_messages: count,
  gaps: count,
  gap_bytes: z.number(),
});
export const lagAnswer = z.strictObject({
  topic: z.string().nullable(),
  partitions: z.array(lagOfPartition),
  lag_bytes: z.number(),
  lag_ms: z.number(),
  input_bytes_per_second: z.number(),
  committed_bytes_per_second: z.number(),
  committed_messages_per_second: z.number(),
  catch_up_seconds: z.number().nullable(),
  lag_bytes_max: z.number(),
  log: z.string(),
  gateways: count,
  gateways_paused: count,
  gateway_pauses: count,
  topics: z.array(
    z.strictObject({
      topic: z.string(),
      partition: z.int().nullable(),
      published_id: z.string().nullable(),
      published_offset: z.string().nullable(),
      waiting: z.number(),
      lag_ms: z.number(),
    }),
  ),
});

export const statsAnswer = z.strictObject({
  messages_per_second: z.number(),
  readings_per_second: z.number(),
  connections: count,
  devices: count,
  mqtt_port: z.int(),
  counters: z.record(z.string(), z.union([z.number(), countsByCode])),
  uptime_seconds: z.number(),
});

export const deadLettersAnswer = z.strictObject({
  dead_letters: z.array(
    z.strictObject({
      id: z.string(),
      device_id: z.string().nullable(),
      tenant: z.string().nullable(),
      received_at: time,
      reason: z.string(),
      position: count.nullable(),
      field: z.string().nullable(),
      topic: z.string().nullable(),
      format: z.string().nullable(),
      replayed_at: time.nullable(),
      payload_base64: z.string(),
      partition: z.int(),
      log_offset: z.string(),
      metric: z.string().nullable(),
      sqlstate: z.string().nullable(),
      message: z.string().nullable(),
    }),
  ),
  next,
});

export const refusalsAnswer = z.strictObject({
  refusals: z.array(z.strictObject({ code: z.string(), status: z.int().nullable(), cause: z.string(), way_out: z.string() })),
});

export type ReadyAnswer = z.infer<typeof readyAnswer>;
export type NotReadyAnswer = z.infer<typeof notReadyAnswer>;
export type AlertsAnswer = z.infer<typeof alertsAnswer>;
export type LagAnswer = z.infer<typeof lagAnswer>;
export type StatsAnswer = z.infer<typeof statsAnswer>;
export type DeadLettersAnswer = z.infer<typeof deadLettersAnswer>;
export type RefusalsAnswer = z.infer<typeof refusalsAnswer>;
