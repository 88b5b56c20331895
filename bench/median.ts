/** A document of figures: numbers, nulls where there is none, words, and documents inside. */
export type Figures = { readonly [name: string]: unknown };

/** How a run was made is the same in all of them. */
const constants = new Set(['settings', 'machine', 'versions', 'curve']);

/** Number by number the lowest, the middle and the highest of documents of one shape. */
export function summarize(runs: readonly Figures[]): { median: Figures; min: Figures; max: Figures } {
  const at = (place: (numbers: readonly number[]) => number) => combine(runs, place);
  return { median: at(middleOf), min: withoutConstants(at((sorted) => sorted[0]!)), max: withoutConstants(at((sorted) => sorted.at(-1)!)) };
}

/** The middle of numbers in ascending order; of an even count the mean of the two. */
export function middleOf(sorted: readonly number[]): number {
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : Number(((sorted[half - 1]! + sorted[half]!) / 2).toPrecision(10));
}

function combine(documents: readonly Figures[], place: (sorted: readonly number[]) => number): Figures {
  const names = Object.keys(documents[0] ?? {});
  return Object.fromEntries(
    names.map((name) => {
      const values = documents.map((document) => document[name]);
      if (constants.has(name)) return [name, values[0]];
      if (values.every(isFigures)) return [name, combine(values, place)];
      const numbers = values.filter((value) => typeof value === 'number').sort((a, b) => a - b);
      return [name, numbers.length === values.length ? place(numbers) : values[0]];
    }),
  );
}

function isFigures(value: unknown): value is Figures {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutConstants(figures: Figures): Figures {
  return Object.fromEntries(Object.entries(figures).filter(([name]) => !constants.has(name)));
}

export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** The same where there may be nothing to round. */
export function roundedOrNull(value: number | null | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? rounded(value) : null;
}
