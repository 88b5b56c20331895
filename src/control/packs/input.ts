import { z } from 'zod';
import { PACK_BYTES_MAX } from '../../contract/packs/envelope.js';
import { wholeNumber } from '../../http/input.js';
import { tenantSchema } from '../registry/input.js';

export const PACK_BODY = { bytesMax: PACK_BYTES_MAX, oversize: 'body_oversize' } as const;

const flag = z
  .enum(['true', 'false'], 'must be true or false')
  .default('false')
  .transform((value) => value === 'true');

export const installSchema = z.strictObject({
  tenant: tenantSchema,
  /** All tenants that have devices now. */
  all_tenants: flag,
  /** Without a shadow run. */
  now: flag,
  /** Nobody who is trusted needs to have signed it. */
  allow_unsigned: flag,
  percent: wholeNumber(1, 100, 100),
  last_minutes: wholeNumber(0, 1440, 60),
  live_minutes: wholeNumber(0, 60, 0),
  messages_max: wholeNumber(1, 100_000, 10_000),
});

/** Of a built-in pack. */
export const switchSchema = z.strictObject({ enabled: z.boolean('must be true or false') });

export const rollbackSchema = z.strictObject({ tenant: tenantSchema, allow_unsigned: flag });
