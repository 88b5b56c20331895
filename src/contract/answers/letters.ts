import { z } from 'zod';
import { count, time } from './shared.js';

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

export type ReplayAnswer = z.infer<typeof replayAnswer>;
export type RetriedAnswer = z.infer<typeof retriedAnswer>;
