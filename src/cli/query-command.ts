import type { Command } from 'commander';
import type { RangeAnswer } from '../contract/answers/devices.js';
import { type AdminApi, adminApi } from './admin-api.js';
import { type ApplianceOptions, configOf, wholeNumber, withApplianceOptions } from './options.js';
import { Output } from './output.js';
import { ageOf, valueText } from './reading-text.js';

interface QueryOptions extends ApplianceOptions {
  readonly tenant: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
}

/** Readings of one call; the API gives no more. */
const PAGE_POINTS_MAX = 10_000;
/** They are held in memory for --json. */
const LIMIT_MAX = 1_000_000;

export function addQueryCommand(program: Command): void {
  withApplianceOptions(
    program.command('query').argument('<device>', 'device id').argument('<metric>', 'name of the metric, with or without its tags'),
  )
    .summary('readings of a metric by time')
    .description(
      'Readings of a metric that are in the database, the oldest first, one a line: time, value (a text in quotes) and unit. A name without tags means all series of that name.',
    )
    .option('--from <time>', 'from this time on (default: an hour before --to)')
    .option('--to <time>', 'up to this time (default: now)')
    .option('--limit <n>', 'readings at most', wholeNumber(1, LIMIT_MAX), 1000)
    .option('--tenant <id>', 'tenant', 'default')
    .action(query);
}

async function query(device: string, metric: string, options: QueryOptions): Promise<void> {
  const output = new Output(options.json === true);
  const points: RangeAnswer['points'] = [];
  let last: RangeAnswer | undefined;
  for await (const page of pages(adminApi(configOf(options), options.url), device, metric, options)) {
    if (page.points.length > 0) output.text(...page.points.map((point) => pointText(point, page.series)));
    if (output.json) points.push(...page.points);
    last = page;
  }
  if (!last) return;
  output.document({ ...last, points });
  const newest = last.points.at(-1);
  if (!newest) output.remark(`no reading of ${metric} from ${last.from} to ${last.to}; --from and --to choose another time`);
  else if (last.truncated)
    output.remark(`more readings follow, after ${newest.ts} (${ageOf(newest.ts)}); --limit ${options.limit} was reached`);
}

/** Of several series each line says which. */
function pointText({ ts, value, metric }: RangeAnswer['points'][number], series: RangeAnswer['series']): string {
  const { unit } = series.find((one) => metric === undefined || one.metric === metric) ?? {};
  return [ts, valueText(value), ...(unit === undefined ? [] : [unit]), ...(metric === undefined ? [] : [metric])].join('  ');
}

/** Follows `next` until the limit or the end. */
async function* pages(
  api: AdminApi,
  device: string,
  metric: string,
  { tenant, from, to, limit }: QueryOptions,
): AsyncGenerator<RangeAnswer> {
  const search = new URLSearchParams({ tenant, metric });
  if (from !== undefined) search.set('from', from);
  if (to !== undefined) search.set('to', to);
  for (let left = limit; left > 0; ) {
    search.set('limit', String(Math.min(left, PAGE_POINTS_MAX)));
    const page = await api.get<RangeAnswer>(`/v1/devices/${encodeURIComponent(device)}/metrics?${search}`);
    yield page;
    if (page.next === null) return;
    left -= page.points.length;
    // The pages of one query are of one time, though the clock has moved on.
    search.set('from', page.from);
    search.set('to', page.to);
    search.set('after', page.next);
  }
}
