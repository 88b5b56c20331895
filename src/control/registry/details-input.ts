import { z } from 'zod';
import { ApiFailure } from '../../contract/api-errors.js';
import { labelSchema } from '../../http/input.js';
import type { GroupTree } from '../groups/group-tree.js';
import { timeZoneSchema } from '../time-zones/input.js';
import { NO_DETAILS } from './device-details.js';
import { DEVICE_GROUPS_MAX, type DetailsPatch, patchedDetails, TAGS_MAX } from './device-patch.js';

const KEY_BYTES_MAX = 64;
const VALUE_BYTES_MAX = 256;

function degrees(max: number) {
  const problem = `must be a number from -${max} to ${max}`;
  return z.number(problem).min(-max, problem).max(max, problem);
}

const name = labelSchema.nullish();
/** `lng` is `lon` under the name that others use. */
const locationSchema = z
  .strictObject({ lat: degrees(90).optional(), lon: degrees(180).optional(), lng: degrees(180).optional(), name })
  .transform(({ lng, lon = lng, ...rest }) => ({ ...rest, lon }));

const tagsSchema = z.record(z.string(), z.string('must be a string').nullable()).superRefine((tags, context) => {
  const problem = Object.entries(tags).flatMap(([key, value]) => tagProblem(key, value ?? '') ?? [])[0];
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  if (Object.keys(tags).length > TAGS_MAX) context.addIssue({ code: 'custom', message: `must be at most ${TAGS_MAX}` });
});

/** Why there can be no such tag, or undefined. */
export function tagProblem(key: string, value: string): string | undefined {
  // A search names a tag as key=value, CSV the tags of a device as key=value;key=value.
  if (!/^[^=;\p{Cc}\p{Surrogate}]+$/u.test(key) || Buffer.byteLength(key) > KEY_BYTES_MAX)
    return `must have keys of 1 to ${KEY_BYTES_MAX} bytes without "=", ";" and control characters`;
  if (/[;\p{Cc}\p{Surrogate}]/u.test(value) || Buffer.byteLength(value) > VALUE_BYTES_MAX)
    return `must have values of at most ${VALUE_BYTES_MAX} bytes without ";" and control characters`;
  return undefined;
}

/** What is noted of a device besides what its messages need; null takes a member away. Groups by number or path. */
export const detailsSchema = {
  model: labelSchema.nullish(),
  serial: labelSchema.nullish(),
  owner: labelSchema.nullish(),
  time_zone: timeZoneSchema.nullish(),
  location: locationSchema.nullish(),
  tags: tagsSchema.nullish(),
  groups: z
    .array(z.union([z.string(), z.int().transform(String)], 'must be the id or the path of a group'))
    .max(DEVICE_GROUPS_MAX, `must be at most ${DEVICE_GROUPS_MAX}`)
    .nullish(),
};

export type DetailsInput = z.infer<z.ZodObject<typeof detailsSchema>>;

/** The change that the members ask for; undefined: they ask for none. */
export function detailsPatch(input: DetailsInput, tree: GroupTree, attempt: string): DetailsPatch | undefined | ApiFailure {
  const { model, serial, owner, time_zone: timeZone, location, tags, groups } = input;
  if ([model, serial, owner, timeZone, location, tags, groups].every((member) => member === undefined)) return undefined;
  const numbers = groups === undefined ? undefined : groupNumbers(groups ?? [], tree, attempt);
  if (numbers instanceof ApiFailure) return numbers;
  return { model, serial, owner, timeZone, location, tags, groups: numbers };
}

/** Numbers of the groups that are named. */
export function groupNumbers(groups: readonly string[], tree: GroupTree, attempt: string): number[] | ApiFailure {
  const numbers: number[] = [];
  for (const named of groups) {
    const group = tree.find(named);
    if (!group) return new ApiFailure('group_unknown', attempt, `${named} is no group of the tenant`);
    numbers.push(group.number);
  }
  return numbers;
}

/** The details of a new device. */
export function newDetails(patch: DetailsPatch | undefined, attempt: string) {
  const details = patch === undefined ? NO_DETAILS : patchedDetails(NO_DETAILS, patch);
  return typeof details === 'string' ? new ApiFailure('body_invalid', attempt, details) : details;
}
