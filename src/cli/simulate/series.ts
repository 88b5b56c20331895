/** What a simulated device measures at a time: metric names to values. Pure: equal arguments, equal answer. */
export type Series = (device: number, tsMs: number) => Record<string, number>;

export const seriesNames = ['daily', 'weather'] as const;
export type SeriesName = (typeof seriesNames)[number];
