import {
  CODE_DEVICE_INACTIVE,
  CODE_DEVICE_OVER_RATE,
  CODE_DEVICE_UNKNOWN,
  CODE_NONE,
  CODE_PAYLOAD_OVERSIZE,
  CODE_TENANT_OVER_RATE,
} from '../../../assembly/abi/codes.js';
import type { IngestedItems } from '../../contract/answers/operation.js';
import { codeOf } from '../../contract/api-errors.js';
import { refusalCode } from '../../contract/codes.js';
import type { RoutedMessage } from '../../contract/topic-rules/routing.js';
import type { FaultFinder } from '../letters/fault-finder.js';
import type { Taken } from './intake.js';

/** Positions are found by decoding once more, on the thread that answers calls: this many of a body's dead letters have one. */
const POSITIONS_MAX = 100;

const UNKNOWN = {
  late: 'the pipeline has not judged them in time: it is behind, or waits for the database; they are durable and will be judged',
  elsewhere: 'no process that is known here runs the partition of the device: they are durable and are judged later',
} as const;

/** A message of an item, and what became of it. An item of several devices has several messages. */
export interface Outcome {
  /** Of the item in the body. */
  readonly index: number;
  readonly message: RoutedMessage;
  readonly taken: Taken;
}

/** Codes that a message gets for what it is, or for its device: it costs itself, and not the body. */
const OF_ITEM = [CODE_PAYLOAD_OVERSIZE, CODE_DEVICE_INACTIVE, CODE_DEVICE_UNKNOWN, CODE_DEVICE_OVER_RATE, CODE_TENANT_OVER_RATE];

/** The code for which a body is refused as a whole; 0: it is not. */
export function refusalOfAll(outcomes: readonly Outcome[]): number {
  const refused = outcomes.filter(({ taken }) => taken.code !== CODE_NONE);
  const whole = refused.find(({ taken }) => !OF_ITEM.includes(taken.code)) ?? (refused.length === outcomes.length && refused[0]);
  return whole ? whole.taken.code : CODE_NONE;
}

/** Items that are not kept: what was refused of a body of which the rest is durable. */
export function refusedItems(outcomes: readonly Outcome[]): { index: number; code: string; message: string }[] {
  return outcomes
    .filter(({ taken }) => taken.code !== CODE_NONE)
    .map(({ index, taken }) => ({ index, ...describe(refusalCode(taken.code).name) }));
}

/** Says for each item of a body whether it was stored, or which dead letter it became. */
export function judgedItems(outcomes: readonly Outcome[], faults: Pick<FaultFinder, 'position'>, receivedAtMs: number): IngestedItems {
  const items = new Map<number, Outcome[]>();
  for (const outcome of outcomes) items.set(outcome.index, [...(items.get(outcome.index) ?? []), outcome]);
  const answer = { accepted: 0, duplicate: 0, dead: [], skipped: [], unknown: [] } as Parameters<typeof judge>[0];
  for (const [index, parts] of items) judge(answer, index, parts, (part) => positionOf(part, faults, answer.dead.length, receivedAtMs));
  const why = outcomes.find(({ taken }) => taken.unknown !== undefined)?.taken.unknown;
  const refused = refusedItems(outcomes);
  return {
    status: 'durable',
    decoded: why ? 'unknown' : 'known',
    ...answer,
    ...(refused.length > 0 && { refused }),
    ...(why && { cause: UNKNOWN[why] }),
  };
}

type Counts = Pick<IngestedItems, 'accepted' | 'duplicate' | 'dead' | 'skipped' | 'unknown'>;

function judge(
  answer: { -readonly [Key in keyof Counts]: Counts[Key] },
  index: number,
  parts: readonly Outcome[],
  position: (dead: Outcome) => number | null,
): void {
  const dead = parts.find(({ taken }) => taken.verdict && taken.verdict.code !== CODE_NONE);
  if (dead) {
    answer.dead.push({ index, ...describe(refusalCode(dead.taken.verdict!.code).name), position: position(dead) });
    return;
  }
  if (parts.some(({ taken }) => taken.unknown)) {
    answer.unknown.push(index);
    return;
  }
  const verdicts = parts.flatMap(({ taken }) => taken.verdict ?? []);
  if (verdicts.length < parts.length) return;
  answer.accepted++;
  if (verdicts.every(({ stored, duplicate }) => stored === 0 && duplicate > 0)) answer.duplicate++;
  for (const { skipped, skippedCode } of verdicts) {
    if (skipped > 0) answer.skipped.push({ index, values: skipped, ...describe(refusalCode(skippedCode).name) });
  }
}

function positionOf(
  { message, taken }: Outcome,
  faults: Pick<FaultFinder, 'position'>,
  before: number,
  receivedAtMs: number,
): number | null {
  if (before >= POSITIONS_MAX) return null;
  const { device, payload, format, context } = message;
  const reason = refusalCode(taken.verdict!.code).name;
  return faults.position({ reason, device, payload, format, context, receivedAtMs, metric: null }) ?? null;
}

function describe(code: string): { code: string; message: string } {
  return { code, message: codeOf(code)?.cause ?? code };
}
