import { z } from 'zod';
import { JSON_DEPTH_MAX, KIB } from '../../assembly/abi/limits.js';
import { ApiFailure } from '../contract/api-errors.js';
import { readTimeUs } from '../contract/iso-time.js';
import { deviceIdProblem, tenantIdProblem, tokenProblem } from '../control/registry/device-id.js';

export const ADMIN_BODY = { bytesMax: 64 * KIB, oversize: 'body_oversize' } as const;
const METADATA_BYTES_MAX = 16 * KIB;
export const TENANT_DEFAULT = 'default';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The body as the schema wants it; `attempt` completes "cannot …". */
export function parseBody<T>(body: Uint8Array, schema: z.ZodType<T>, attempt: string): T | ApiFailure {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(body));
  } catch {
    return new ApiFailure('body_malformed', attempt);
  }
  return parseValue(value, schema, attempt, 'body_invalid');
}

/** The query parameters as the schema wants them; of a repeated one the first counts. */
export function parseQuery<T>(query: URLSearchParams, schema: z.ZodType<T>, attempt: string): T | ApiFailure {
  const first = Object.fromEntries([...query].reverse());
  return parseValue(first, schema, attempt, 'query_invalid');
}

function parseValue<T>(value: unknown, schema: z.ZodType<T>, attempt: string, code: 'body_invalid' | 'query_invalid'): T | ApiFailure {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const name = issue.code === 'unrecognized_keys' ? issue.keys[0]! : issue.path.join('.');
  const problem = issue.code === 'unrecognized_keys' ? 'is not known here' : issue.message;
  return new ApiFailure(code, attempt, name === '' ? problem : `${name} ${problem}`);
}

function text(problemOf: (value: string) => string | undefined) {
  return z.string('must be a string').superRefine((value, context) => {
    const problem = problemOf(value);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });
}

export const deviceIdSchema = text(deviceIdProblem);
export const tenantSchema = text(tenantIdProblem).default(TENANT_DEFAULT);
export const tokenSchema = text(tokenProblem);
export const deviceClassSchema = text(labelProblem);
export const keyNameSchema = text(labelProblem);

/** An object of free members that PostgreSQL can keep as jsonb. */
export const metadataSchema = z.custom<Readonly<Record<string, unknown>>>().superRefine((value: unknown, context) => {
  const problem = metadataProblem(value);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

function labelProblem(value: string): string | undefined {
  if (value === '' || Buffer.byteLength(value) > 128) return 'must have 1 to 128 bytes';
  return unstorable(value) ? 'must not hold control characters or lone surrogates' : undefined;
}

function metadataProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be an object';
  if (!shallow(value, JSON_DEPTH_MAX)) return `must not nest deeper than ${JSON_DEPTH_MAX} levels`;
  const written = JSON.stringify(value);
  if (Buffer.byteLength(written) > METADATA_BYTES_MAX) return `must not be longer than ${METADATA_BYTES_MAX} bytes`;
  // jsonb has no NUL and no lone surrogates; JSON.stringify writes both as escapes.
  return /(?<!\\)(\\\\)*\\u(0000|d[89a-f])/.test(written) ? 'must not hold NUL or lone surrogates' : undefined;
}

function shallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((member) => shallow(member, levels - 1));
}

function unstorable(value: string): boolean {
  return /\p{Cc}|\p{Surrogate}/u.test(value);
}

/** A whole number in a query, `from` to `to`. */
export function wholeNumber(from: number, to: number, otherwise: number) {
  const problem = `must be a whole number from ${from} to ${to}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, problem)
    .transform(Number)
    .pipe(z.number().min(from, problem).max(to, problem))
    .default(otherwise);
}

const TIME_PROBLEM = 'must be an ISO 8601 time with a zone, a date, or seconds or milliseconds since 1970';
const DATE = /^\d{4}-\d\d-\d\d$/;
/** Years 1 to 9999: what Date, ISO 8601 with four digits and PostgreSQL all can say. */
const TIME_MS_MIN = -62_135_596_800_000;
const TIME_MS_MAX = 253_402_300_799_998;

/** A moment in a query, as ms of the Unix epoch. It has the forms that devices may use for ts; a date alone is its first moment in UTC. */
export const timeSchema = z
  .string()
  .transform((value) => {
    // A plus sign that nobody encoded arrives as a space.
    const us = readTimeUs(DATE.test(value) ? `${value}T00:00Z` : value) ?? readTimeUs(value.replace(/ (?=\S*$)/, '+'));
    return us === undefined ? Number.NaN : Math.floor(Number(us) / 1000);
  })
  .refine((ms) => ms >= TIME_MS_MIN && ms <= TIME_MS_MAX, TIME_PROBLEM);
