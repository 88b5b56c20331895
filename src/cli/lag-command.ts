import type { Command } from 'commander';
import type { LagAnswer } from '../contract/answers/operation.js';
import { adminApi } from './admin-api.js';
import { configOf } from './options.js';
import { grouped, table } from './output.js';
import { spanOf } from './reading-text.js';
import { lagText } from './status-command.js';
import { type WatchOptions, watched, withWatch } from './watch.js';

export function addLagCommand(program: Command): void {
  withWatch(program.command('lag'))
    .summary('how far the database is behind the log')
    .description('How far each partition of a running appliance is from the log to the database, and when the lag is gone.')
    .action(lag);
}

async function lag(options: WatchOptions): Promise<void> {
  const api = adminApi(configOf(options), options.url);
  await watched(options, async (output) => {
    const answer = await api.get<LagAnswer>('/v1/pipeline/lag');
    output.text(...linesOf(answer));
    output.document(answer);
  });
}

function linesOf(answer: LagAnswer): string[] {
  const { gateways, gateways_paused: paused } = answer;
  return [
    `lag  ${lagText(answer)}`,
    ...table([
      ['  log', answer.topic === null ? answer.log : `${answer.log}, topic ${answer.topic}`],
      ['  in', `${grouped(answer.input_bytes_per_second)} bytes/s became durable`],
      [
        '  out',
        `${grouped(answer.committed_bytes_per_second)} bytes/s, ${grouped(answer.committed_messages_per_second)} messages/s were committed`,
      ],
      [
        '  gateways',
        `${grouped(gateways - paused)} of ${grouped(gateways)} read devices; they pause at ${grouped(answer.lag_bytes_max)} bytes of lag`,
      ],
    ]),
    ...table([
      ['PARTITION', 'RUNS HERE', 'DURABLE', 'PROCESSED', 'COMMITTED', 'LAG', 'CHECKPOINT', 'GAPS'],
      ...answer.partitions.map((one) => [
        String(one.partition),
        one.here ? 'yes' : 'no',
        one.durable_offset,
        one.processed_offset,
        one.committed_offset,
        `${grouped(one.lag_bytes)} bytes, ${spanOf(one.lag_ms)}`,
        checkpointText(one),
        one.gaps === 0 ? 'none' : `${grouped(one.gaps)}, ${grouped(one.gap_bytes)} bytes`,
      ]),
    ]),
    ...topicLines(answer.topics),
  ];
}

function checkpointText({ checkpoint_offset: at, checkpoint_age_ms: ageMs }: LagAnswer['partitions'][number]): string {
  if (at === null) return 'none';
  return ageMs === null ? at : `${at} (${spanOf(ageMs)} ago)`;
}

/** Topics that rows and events are published to. */
function topicLines(topics: LagAnswer['topics']): string[] {
  if (topics.length === 0) return [];
  const rows = topics.map(({ topic, partition, waiting, lag_ms: ms }) => [
    topic,
    partition === null ? '-' : String(partition),
    grouped(waiting),
    spanOf(ms),
  ]);
  return table([['TOPIC', 'PARTITION', 'WAITING', 'LAG'], ...rows]);
}
