import { z } from 'zod';
import { KIB } from '../../assembly/abi/limits.js';
import { ApiFailure } from '../contract/api-errors.js';
import { readTimeUs } from '../contract/iso-time.js';

export const ADMIN_BODY = { bytesMax: 64 * KIB, oversize: 'body_oversize' } as const;

/** What is wrong with a tenant that the caller may not see. */
export const FORBIDDEN_TENANT = 'must be the tenant of the key';

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
  const problem = firstProblem(parsed.error);
  return new ApiFailure(problem.endsWith(FORBIDDEN_TENANT) ? 'scope_forbidden' : code, attempt, problem);
}

/** What is wrong first, with the member's name. */
export function firstProblem(error: z.ZodError): string {
  const issue = error.issues[0]!;
  const name = issue.code === 'unrecognized_keys' ? issue.keys[0]! : issue.path.join('.');
  const problem = issue.code === 'unrecognized_keys' ? 'is not known here' : issue.message;
  return name === '' ? problem : `${name} ${problem}`;
}

/** A string in which `problemOf` finds nothing wrong; what it finds completes "must …". */
export function textSchema(problemOf: (value: string) => string | undefined) {
  return z.string('must be a string').superRefine((value, context) => {
    const problem = problemOf(value);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });
}

/** A name that operators give: one line. */
export const labelSchema = textSchema(labelProblem);

function labelProblem(value: string): string | undefined {
  if (value === '' || Buffer.byteLength(value) > 128) return 'must have 1 to 128 bytes';
  return unstorable(value) ? 'must not hold control characters or lone surrogates' : undefined;
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
