import { z } from 'zod';
import { count, countsByCode, time } from './shared.js';

export const replayAnswer = z.strictObject({
  id: z.int(),
  state: z.enum(['running', 'done', 'failed', 'stopped']),
  letters: count,
  replayed: count,
  dead_again: count,
  refused: count,
  started_at: time,
  ended_at: time.nullable(),
  cause: z.string().nullable(),
});

export const replaysAnswer = z.strictObject({ replays: z.array(replayAnswer) });

export const retriedAnswer = z.strictObject({
  status: z.enum(['stored', 'dead', 'refused']),
  /** Of the new dead letter. */
  id: z.string().nullable(),
  reason: z.string().nullable(),
});

/** Counts of dead letters that are kept, and of those that were removed for their age or number. */
const depth = { letters: count, bytes: count, removed: count, removed_bytes: count };

export const depthAnswer = z.strictObject({
  /** Null: they were not counted yet. */
  counted_at: time.nullable(),
  ...depth,
  limits: z.strictObject({ days: count, letters: count, mib: count, tenant_letters: count, tenant_mib: count }),
  /** Those with the most letters first; a tenant that is null: of devices that are in no registry. */
  tenants: z.array(z.strictObject({ tenant: z.string().nullable(), ...depth, by_reason: countsByCode })),
});

export type DepthAnswer = z.infer<typeof depthAnswer>;
export type ReplayAnswer = z.infer<typeof replayAnswer>;
export type RetriedAnswer = z.infer<typeof retriedAnswer>;
