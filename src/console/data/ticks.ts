const decimalsMax = 12;

/** What stands beside the lines of a y axis: as many digits as tell neighbours apart. `values` ascend in equal steps. */
export function formatTicks(values: readonly number[]): string[] {
  const largest = Math.max(...values.map(Math.abs));
  const step = Math.abs((values[1] ?? largest) - (values[0] ?? 0)) || largest;
  if (largest === 0) return values.map(() => '0');
  const plain = (value: number) => (Math.abs(value) < step / 1000 ? 0 : value);
  if (largest < 1e-3 || largest >= 1e9) {
    const decimals = decimalsOf(
      values.filter((value) => plain(value) !== 0),
      step,
      (value, digits) => value.toExponential(digits),
    );
    return values.map((value) => (plain(value) === 0 ? '0' : value.toExponential(decimals)));
  }
  const decimals = decimalsOf(values, step, (value, digits) => value.toFixed(digits));
  const format = new Intl.NumberFormat('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return values.map((value) => format.format(plain(value)));
}

/** The fewest decimals with which each value is written to within a hundredth of a step. */
function decimalsOf(values: readonly number[], step: number, write: (value: number, decimals: number) => string): number {
  let decimals = 0;
  while (decimals < decimalsMax && values.some((value) => Math.abs(Number(write(value, decimals)) - value) > step / 100)) decimals++;
  return decimals;
}

/**
 * The y range of a chart: for values that are all the same, a twentieth to both sides of it, so that the axis stands around the value
 * instead of reaching from zero; undefined where the values themselves give a range.
 */
export function constantRange(low: number, high: number): [low: number, high: number] | undefined {
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (high - low > size * 1e-12) return undefined;
  const margin = size === 0 ? 1 : size / 20;
  return [low - margin, high + margin];
}
