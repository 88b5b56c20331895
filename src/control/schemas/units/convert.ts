import { units } from './table.js';

/** `(value * scale + offset) / divisor` is the value in the other unit. */
export interface Conversion {
  readonly scale: number;
  readonly offset: number;
  readonly divisor: number;
}

export const SAME: Conversion = { scale: 1, offset: 0, divisor: 1 };

/** How a value in one unit becomes one in another; a text: why it does not. */
export function conversionOf(from: string, to: string): Conversion | string {
  const [given, wanted] = [units.get(from), units.get(to)];
  if (!given || !wanted) return from === to ? SAME : `unit ${given ? to : from} is not in the table of units`;
  if (given.quantity !== wanted.quantity) return `${from} is a unit of ${given.quantity}, ${to} one of ${wanted.quantity}`;
  // base = (value * a + b) / c, and the wanted value is (base * c' - b') / a'.
  const [a, b, c] = [given.scale, given.offset ?? 0, given.divisor ?? 1];
  const [wantedA, wantedB, wantedC] = [wanted.scale, wanted.offset ?? 0, wanted.divisor ?? 1];
  return reduced({ scale: a * wantedC, offset: b * wantedC - wantedB * c, divisor: c * wantedA });
}

/** The second conversion of what the first one gives. */
export function compose(first: Conversion, second: Conversion): Conversion {
  return reduced({
    scale: first.scale * second.scale,
    offset: first.offset * second.scale + second.offset * first.divisor,
    divisor: first.divisor * second.divisor,
  });
}

export function convert({ scale, offset, divisor }: Conversion, value: number): number {
  return (value * scale + offset) / divisor;
}

/** Without the common divisor of whole numbers: 1000/1000 costs a rounding that 1 does not. */
function reduced({ scale, offset, divisor }: Conversion): Conversion {
  if (![scale, offset, divisor].every(Number.isSafeInteger)) return { scale, offset, divisor };
  const common = divisorOf(divisorOf(Math.abs(scale), Math.abs(offset)), divisor);
  return { scale: scale / common, offset: offset / common, divisor: divisor / common };
}

function divisorOf(a: number, b: number): number {
  return b === 0 ? a : divisorOf(b, a % b);
}
