import { z } from 'zod';
import { KIB, TEXT_BYTES_MAX } from '../../../assembly/abi/limits.js';
import type { KnownPoints, LatestPoint, Point } from '../../contract/data-plane.js';
import type { DeviceAccount } from '../../contract/ledger.js';
import type { MessageVerdict } from '../../contract/verdict.js';
import type { DeviceShare, ProcessBooks } from '../ledger/shares.js';
import { capturedPart, turnedAwayPart } from './capture-messages.js';

// The messages between the processes of a deployment. Anybody with a connection to the database can send one: what these schemas
// do not accept is ignored, and a message decides nothing but what a view shows, or what a sender who waits is told.

/** Devices that one process may watch at others, of all its live views. */
export const WATCHES_MAX = 5000;
/** Devices whose messages one process may capture. */
export const CAPTURES_MAX = 16;
/** Devices of one question for latest readings. */
export const QUESTION_DEVICES_MAX = 250;
/** Readings of one message; what a live view does not get in time is old. */
export const POINTS_MAX = 500;
/** Verdicts of one message. */
export const VERDICTS_MAX = 1000;
/** UTF-16 units in the texts of one message: with six bytes each, as JSON may need, and points beside them it can be sent. */
export const TEXTS_UNITS_MAX = 256 * KIB;

const device = z.int().min(1).max(0xffffffff);
const rate = z.number().min(0);
const partition = z.int().min(0).max(0xffff);
const count = z.int();
const byReason = z.record(z.string().max(64), count);
const moment = z.number().min(0).max(8.64e15);
const maybe = <Schema extends z.ZodType>(schema: Schema) => schema.nullish().transform((value) => value ?? undefined);

const value = z.union([z.number(), z.string().max(TEXT_BYTES_MAX)]);
/** Device, metric, event time, value, receive time. */
const point = z.tuple([device, z.int().min(0), moment, value, moment]);
export type PointTuple = z.infer<typeof point>;
/** The same of a latest reading; null: memory has no room for its value. */
const latestPoint = z.tuple([device, z.int().min(0), moment, value.nullable(), moment]);

/** Device, hash of the payload, code, samples stored, samples that are duplicates, values left out, and why the first was. */
const verdict = z.tuple([device, z.string().regex(/^[0-9a-f]{1,16}$/), count, count, count, count, count]);
export type VerdictTuple = z.infer<typeof verdict>;

const question = z.discriminatedUnion('about', [
  z.object({ about: z.literal('latest'), devices: z.array(device).max(QUESTION_DEVICES_MAX) }),
  z.object({ about: z.literal('device'), device }),
  z.object({ about: z.literal('books') }),
]);
export type Question = z.infer<typeof question>;

const message = z.discriminatedUnion('kind', [
  // Sent every few seconds: the process's name, all that it watches, and its rates. A peer that sends none for a while is gone.
  z.object({
    kind: z.literal('here'),
    name: z.string().max(256),
    watches: z.array(device).max(WATCHES_MAX),
    rates: z.object({ messagesPerSecond: rate, readingsPerSecond: rate, connections: rate }),
    /** Devices whose messages it captures, and whether it wants to know who is turned away. */
    captures: z.array(device).max(CAPTURES_MAX).default([]),
    door: z.boolean().default(false),
  }),
  z.object({ kind: z.literal('bye') }),
  z.object({ kind: z.literal('ask'), token: z.int(), question }),
  z.object({ kind: z.literal('answer'), token: z.int(), answer: z.unknown() }),
  z.object({
    kind: z.literal('captured'),
    messages: z.array(capturedPart),
    skipped: z.int().min(0),
    turnedAway: z.array(turnedAwayPart),
  }),
  z.object({ kind: z.literal('verdicts'), verdicts: z.array(verdict).max(VERDICTS_MAX) }),
  z.object({ kind: z.literal('points'), points: z.array(point).max(POINTS_MAX) }),
]);
export type PeerMessage = z.infer<typeof message>;

/** Undefined: it is no message of a peer. */
export function parseMessage(text: string): PeerMessage | undefined {
  try {
    return message.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export function tupleOf({ device, metric, tsMs, value, receivedMs }: Point): PointTuple {
  return [device, metric, tsMs, value, receivedMs];
}

export function pointOf([device, metric, tsMs, value, receivedMs]: PointTuple): Point {
  return { device, metric, tsMs, value, receivedMs };
}

export function verdictTuple({ device, hash, code, stored, duplicate, skipped, skippedCode }: MessageVerdict): VerdictTuple {
  return [device, hash.toString(16), code, stored, duplicate, skipped, skippedCode];
}

export function verdictOf([device, hash, code, stored, duplicate, skipped, skippedCode]: VerdictTuple): MessageVerdict {
  return { device, hash: BigInt(`0x${hash}`), code, stored, duplicate, skipped, skippedCode };
}

/** From every process that runs some of the partitions; the others do not answer. */
export const latestAnswer = z.object({
  partitions: z.array(partition),
  points: z.array(latestPoint),
  /** Devices of which the database has to be asked. */
  unheld: z.array(device).default([]),
});
export type LatestAnswer = z.infer<typeof latestAnswer>;

/** An answer with the texts that one message has room for; the others are left to the database. */
export function answerOf({ points, unheld }: KnownPoints, partitions: readonly number[]): LatestAnswer {
  const elsewhere = new Set(unheld);
  let room = TEXTS_UNITS_MAX;
  const tuples = points.map(({ device, metric, tsMs, value, receivedMs }): LatestAnswer['points'][number] => {
    if (typeof value === 'string') room -= value.length;
    const isLeftOut = typeof value === 'string' && room < 0;
    if (isLeftOut) elsewhere.add(device);
    return [device, metric, tsMs, isLeftOut ? null : (value ?? null), receivedMs];
  });
  return { partitions: [...partitions], points: tuples, unheld: [...elsewhere] };
}

export function latestPointOf([device, metric, tsMs, value, receivedMs]: LatestAnswer['points'][number]): LatestPoint {
  return { device, metric, tsMs, value: value ?? undefined, receivedMs };
}

const account: z.ZodType<DeviceAccount> = z.object({
  stored: count,
  duplicate: count,
  dead: byReason,
  inFlight: count,
  refused: byReason,
  reboots: count,
  rebootMs: maybe(moment),
  runs: z.array(z.tuple([count, count])),
  runsForgotten: count,
  leftOut: count,
  sinceMs: maybe(moment),
});
export const shareAnswer: z.ZodType<DeviceShare> = z.object({ account: maybe(account), rejected: byReason });

const counts = z.object({
  received: count,
  recovered: count,
  stored: count,
  duplicate: count,
  dead: byReason,
  rejected: byReason,
  lost: count,
  inFlight: count,
});
export const booksAnswer: z.ZodType<ProcessBooks> = z.object({
  sinceMs: moment,
  checkedMs: maybe(moment),
  imbalance: count,
  imbalances: z.array(z.object({ at: z.string(), between: z.string(), missing: count })),
  partitions: z.array(partition),
  node: counts,
  tenants: z.array(counts.extend({ tenant: z.string(), devices: count })),
});
