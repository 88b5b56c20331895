import { z } from 'zod';
import { count } from './shared.js';

/** `max`: of as many as there may be. */
const used = { names: count, max: count };

export const metricNamesAnswer = z.strictObject({
  ...used,
  /** Those with the most names first, a hundred of each at most. */
  tenants: z.array(z.strictObject({ tenant: z.string(), ...used })),
  classes: z.array(z.strictObject({ tenant: z.string(), device_class: z.string(), ...used })),
  devices: z.array(z.strictObject({ tenant: z.string(), device_id: z.string(), device_class: z.string().nullable(), ...used })),
});

export type MetricNamesAnswer = z.infer<typeof metricNamesAnswer>;
