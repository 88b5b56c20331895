/** A metric whose values are kept elsewhere: they are read at each scrape. A subject declares its own. */
export interface Metric {
  readonly kind: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  /** Tells the values apart; absent: there is one, and its label is ''. */
  readonly label?: string;
  values(): Iterable<readonly [label: string, value: number]>;
}

/** One value that never falls; undefined: it is not known, and no sample is shown. */
export function counter(name: string, help: string, read: () => number | undefined): Metric {
  return { kind: 'counter', name, help, values: () => sampleOf(read()) };
}

/** One value that rises and falls; undefined: it is not known, and no sample is shown. */
export function gauge(name: string, help: string, read: () => number | undefined): Metric {
  return { kind: 'gauge', name, help, values: () => sampleOf(read()) };
}

function sampleOf(value: number | undefined): [string, number][] {
  return value === undefined ? [] : [['', value]];
}
