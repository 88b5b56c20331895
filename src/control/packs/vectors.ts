import { FORMAT_BY_SHAPE } from '../../../assembly/abi/block.js';
import { refusalCode } from '../../contract/codes.js';
import { formatOfContentType } from '../../contract/content-types.js';
import { readTimeUs } from '../../contract/iso-time.js';
import type { PackVector, VectorReading } from '../../contract/packs/pack.js';
import type { SchemaPlan } from '../../contract/schemas/schema-plan.js';
import { routeMessage, type Sender } from '../../contract/topic-rules/routing.js';
import type { RuleSet } from '../../contract/topic-rules/rule-set.js';
import { isoMicros } from '../queries/iso-micros.js';
import { type TrialDecoder, withSchema } from '../topic-rules/trial-decoder.js';

/** Number of the device that is connected; its children have the numbers after it. */
const CONNECTED = 1;
const NO_PLANS: readonly SchemaPlan[] = [];

export interface VectorResult {
  readonly vector: string;
  /** What is other than expected; absent: it is as expected. */
  readonly problem?: string;
}

export interface VectorGround {
  readonly decoder: TrialDecoder;
  /** The rules of the pack among those that every tenant has. */
  readonly rules: RuleSet;
  /** By which version messages of a device with this firmware are read. */
  readonly planOf?: (firmwareVersion: string | undefined) => SchemaPlan | undefined;
}

/** Runs a vector as the gateway and the pipeline would run its message. */
export function runVector(ground: VectorGround, vector: PackVector): VectorResult {
  const problem = problemOf(ground, vector);
  return { vector: vector.name, ...(problem !== undefined && { problem }) };
}

function problemOf({ decoder, rules, planOf }: VectorGround, vector: PackVector): string | undefined {
  const { topic, payload, contentType, firmwareVersion, reason: expected } = vector;
  const { device: id, children = [] } = vector;
  const ids = [id, ...children];
  const format = contentType === undefined ? FORMAT_BY_SHAPE : formatOfContentType(contentType);
  const messages = routeMessage(rules, topic, payload, senderOf(id, children), { format });
  if (typeof messages === 'number') return reasonProblem(refusalCode(messages).name, expected);
  const plan = planOf?.(firmwareVersion);
  const stamped = plan ? messages.map((message) => withSchema(message, plan.number)) : messages;
  const { readings, reasons } = decoder.decode(stamped, Date.now() * 1000, plan ? [plan] : NO_PLANS);
  if (reasons[0] !== expected) return reasonProblem(reasons[0], expected);
  const units = new Map(plan?.fields.map(({ name, metric = name, unit }) => [metric, unit]));
  const found = readings.map(({ device, metric, value, tsUs }) => {
    return { device: ids[device - CONNECTED] as string, metric, value, unit: units.get(metric), ts: isoMicros(tsUs) };
  });
  return differenceOf(vector, found);
}

function reasonProblem(found: string | undefined, expected: string | undefined): string | undefined {
  if (found === expected) return undefined;
  const refused = found === undefined ? 'it is not refused' : `it is refused by ${found}`;
  return expected === undefined ? refused : `${refused}, and ${expected} is expected`;
}

function senderOf(id: string, children: readonly string[]): Sender {
  const known = new Map(children.map((child, at) => [child, { number: CONNECTED + 1 + at, via: CONNECTED }]));
  return { number: CONNECTED, id, find: (name) => known.get(name) };
}

/** A reading, found or expected; undefined is not said. */
interface Said extends Pick<VectorReading, 'metric' | 'value'> {
  readonly device: string;
  readonly unit: string | undefined;
  readonly ts: string | undefined;
}

/** Compares regardless of order. What a vector does not say of a reading is not compared. */
function differenceOf({ device: connected, readings }: PackVector, found: readonly Said[]): string | undefined {
  const left = [...found];
  for (const { device = connected, metric, value, unit, ts } of readings) {
    const expected = { device, metric, value, unit, ts };
    const at = left.findIndex((reading) => isAs(reading, expected));
    if (at < 0) return [`it has no reading ${textOf(expected)}`, ...left.slice(0, 1).map((other) => `and has ${textOf(other)}`)].join(', ');
    left.splice(at, 1);
  }
  return left[0] && `it has a reading that is not expected, ${textOf(left[0])}`;
}

function isAs(found: Said, { device, metric, value, unit, ts }: Said): boolean {
  const isSameName = found.device === device && found.metric === metric && (unit === undefined || found.unit === unit);
  const isSameTime = ts === undefined || (found.ts !== undefined && readTimeUs(ts) === readTimeUs(found.ts));
  return isSameName && found.value === value && isSameTime;
}

function textOf({ device, metric, value, unit, ts }: Said): string {
  return [device, metric, JSON.stringify(value), unit, ts].filter((part) => part !== undefined).join(' ');
}
