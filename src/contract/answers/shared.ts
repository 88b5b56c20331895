import { z } from 'zod';

/** ISO 8601 in UTC. */
export const time = z.iso.datetime();
export const count = z.int().min(0);
export const countsByCode = z.record(z.string(), count);
/** Hand it back as `after`. */
export const next = z.string().nullable();
/** Offsets of the log, which may outgrow 2^53. */
export const offset = z.string().regex(/^\d+$/);
export const partitions = z.array(z.int());

export const failureAnswer = z.strictObject({
  error: z.strictObject({ code: z.string(), message: z.string(), way_out: z.string() }),
  /** In calls of other products' APIs: what their clients read. */
  code: z.union([z.string(), z.int()]).optional(),
  message: z.string().optional(),
});
