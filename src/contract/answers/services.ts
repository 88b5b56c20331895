import { z } from 'zod';
import { time } from './shared.js';

const service = z.strictObject({ tenant: z.string(), name: z.string(), created_at: time });

export const servicesAnswer = z.strictObject({ services: z.array(service) });
/** `username` and `secret` are what the client connects with over MQTT. */
export const serviceMadeAnswer = service.extend({ username: z.string(), secret: z.string() });
export const serviceDeletedAnswer = z.strictObject({ tenant: z.string(), name: z.string(), deleted: z.literal(true) });

export type ServicesAnswer = z.infer<typeof servicesAnswer>;
export type ServiceMadeAnswer = z.infer<typeof serviceMadeAnswer>;
export type ServiceDeletedAnswer = z.infer<typeof serviceDeletedAnswer>;
