import { z } from 'zod';
import { count, time } from './shared.js';

const group = z.strictObject({
  id: z.int(),
  tenant: z.string(),
  name: z.string(),
  /** Names from the top to this group, with "/" between them. */
  path: z.string(),
  /** Path of the group that it is in. */
  parent: z.string().nullable(),
  description: z.string().nullable(),
  created_at: time,
});

export const groupAnswer = group.extend({
  /** Devices in it, and with those of the groups in it. */
  devices: count,
  devices_nested: count,
});
export const groupsAnswer = z.strictObject({ groups: z.array(groupAnswer) });
export const groupDeletedAnswer = group.extend({ deleted: z.literal(true), devices_left: count });
export const groupMembersAnswer = groupAnswer.extend({
  added: count,
  removed: count,
  /** Ids that name no device of the tenant. */
  unknown: z.array(z.string()),
});

export type GroupAnswer = z.infer<typeof groupAnswer>;
export type GroupsAnswer = z.infer<typeof groupsAnswer>;
export type GroupDeletedAnswer = z.infer<typeof groupDeletedAnswer>;
export type GroupMembersAnswer = z.infer<typeof groupMembersAnswer>;
