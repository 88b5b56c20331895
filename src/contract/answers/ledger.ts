import { z } from 'zod';
import { count, countsByCode, partitions, time } from './shared.js';

const counts = z.strictObject({
  received: z.int(),
  stored: count,
  duplicate: count,
  dead: count,
  dead_by_reason: countsByCode,
  rejected: count,
  rejected_by_reason: countsByCode,
  lost: count,
  in_flight: z.int().nullable(),
});
const nodeCounts = counts.extend({ recovered: z.int() });
const imbalance = z.strictObject({ process: z.string().optional(), at: z.string(), between: z.string(), missing: z.int() });

export const ledgerAnswer = z.strictObject({
  since: time,
  balanced: z.boolean().nullable(),
  imbalance: count,
  imbalances: z.array(imbalance),
  checked_at: time.nullable(),
  node: nodeCounts,
  tenants: z.array(counts.extend({ tenant: z.string(), devices: count, balanced: z.boolean().nullable() })),
  // Where several processes share the work.
  processes: z
    .array(
      nodeCounts.extend({
        process: z.string(),
        since: time,
        checked_at: time.nullable(),
        partitions,
        balanced: z.boolean(),
        imbalance: count,
      }),
    )
    .optional(),
  processes_silent: z.array(z.string()).optional(),
  partitions_not_running: partitions.optional(),
  partitions_contested: partitions.optional(),
});

export const deviceLedgerAnswer = counts.extend({
  device_id: z.string(),
  tenant: z.string(),
  since: time.nullable(),
  rejected_since: time,
  balanced: z.boolean().nullable(),
  readings_left_out: count,
  last_rejection: z
    .strictObject({
      code: z.string(),
      topic: z.string().nullable(),
      at: time,
      cause: z.string().nullable(),
      way_out: z.string().nullable(),
    })
    .nullable(),
  processes_silent: z.array(z.string()),
  sequence: z.strictObject({
    first: z.number().nullable(),
    last: z.number().nullable(),
    received: count,
    missing: count,
    missing_ranges: z.array(z.strictObject({ from: z.number(), to: z.number() })),
    truncated: z.boolean(),
    runs_forgotten: count,
    reboots: count,
    rebooted_at: time.nullable(),
  }),
});

export type LedgerAnswer = z.infer<typeof ledgerAnswer>;
export type DeviceLedgerAnswer = z.infer<typeof deviceLedgerAnswer>;
