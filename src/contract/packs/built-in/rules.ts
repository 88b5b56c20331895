import type { TopicRule } from '../../topic-rules/topic-rule.js';
import type { PackVector, VectorReading } from '../pack.js';

type Fields = Omit<TopicRule, 'name' | 'pattern'>;
type Line = readonly [pattern: string, fields: Fields];

/** Of a family that has one connection a device: its readings are the connection's, whatever the device calls itself. */
export const own = (decoder: string, more: Partial<Fields> = {}): Fields => ({
  device: 'level:device',
  decoder,
  unregistered: 'own',
  ...more,
});

/** Of a family whose connections speak for many devices: their names keep them apart. */
export const many = (decoder: string, more: Partial<Fields> = {}): Fields => ({
  device: 'level:device',
  decoder,
  unregistered: 'prefix',
  ...more,
});

export const connection = (decoder: string, more: Partial<Fields> = {}): Fields => ({ device: 'connection', decoder, ...more });

/** Taken in without a reading. */
export const ignored: Fields = connection('ignore');

/** Rules of one family have its name. */
export function rulesOf(name: string, ...lines: readonly Line[]): TopicRule[] {
  return lines.map(([pattern, fields]) => ({ name, pattern, ...fields }));
}

type Values = Readonly<Record<string, number | string>>;
interface VectorOptions extends Partial<Omit<PackVector, 'name' | 'topic' | 'payload' | 'readings'>> {
  /** Time of all readings. */
  readonly ts?: string;
  /** Readings of other devices. */
  readonly others?: Readonly<Record<string, Values>>;
}

/** A payload is a text, or bytes in hexadecimal digits. */
export function vector(
  name: string,
  topic: string,
  payload: string | { readonly hex: string },
  values: Values = {},
  { ts, others = {}, device = 'device-1', ...more }: VectorOptions = {},
): PackVector {
  const readingsOf = (of: Values, id?: string): VectorReading[] =>
    Object.entries(of).map(([metric, value]) => ({
      metric,
      value,
      ...(id !== undefined && { device: id }),
      ...(ts !== undefined && { ts }),
    }));
  return {
    name,
    device,
    topic,
    payload: typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload.hex, 'hex'),
    readings: [...readingsOf(values), ...Object.entries(others).flatMap(([id, of]) => readingsOf(of, id))],
    ...more,
  };
}

/** Time of the messages whose documents have one. */
export const TEN = '2026-11-30T09:00:00.000Z';
