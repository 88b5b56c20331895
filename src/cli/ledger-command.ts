import type { Command } from 'commander';
import type { DeviceLedgerAnswer, LedgerAnswer } from '../contract/answers/ledger.js';
import { adminApi } from './admin-api.js';
import { CommandFailure } from './command-failure.js';
import { type ApplianceOptions, configOf, withApplianceOptions } from './options.js';
import { grouped, Output, table } from './output.js';
import { ageOf, withAge } from './reading-text.js';

interface LedgerOptions extends ApplianceOptions {
  readonly tenant?: string;
  readonly device?: string;
}

type Counts = Pick<LedgerAnswer['node'], 'received' | 'stored' | 'duplicate' | 'dead' | 'rejected' | 'lost' | 'in_flight'>;

const HEAD = ['OF', 'RECEIVED', 'RECOVERED', 'STORED', 'DUPLICATE', 'DEAD', 'REJECTED', 'LOST', 'IN FLIGHT', 'BALANCED'];

export function addLedgerCommand(program: Command): void {
  withApplianceOptions(program.command('ledger'))
    .summary('what became of every message')
    .description('Counts of a running appliance: received + recovered = stored + duplicate + dead + rejected + lost + in flight.')
    .option('--tenant <id>', 'of this tenant')
    .option('--device <id>', 'of this device, of tenant default unless --tenant names another one')
    .action(ledger);
}

async function ledger({ tenant, device, ...options }: LedgerOptions): Promise<void> {
  const output = new Output(options.json === true);
  const api = adminApi(configOf(options), options.url);
  if (device !== undefined) {
    const query = new URLSearchParams({ tenant: tenant ?? 'default' });
    const answer = await api.get<DeviceLedgerAnswer>(`/v1/devices/${encodeURIComponent(device)}/ledger?${query}`);
    output.text(...deviceLines(answer));
    output.document(answer);
    return;
  }
  const answer = await api.get<LedgerAnswer>('/v1/ledger');
  if (tenant === undefined) {
    output.text(...applianceLines(answer));
    output.document(answer);
    return;
  }
  const found = answer.tenants.find((one) => one.tenant === tenant);
  if (!found)
    throw new CommandFailure('tenant_unknown', `cannot show the ledger of tenant ${tenant}: it has neither devices nor messages`, {
      wayOut: 'npx spillway tenant list shows the tenants that have devices',
    });
  output.text(...table([HEAD, rowOf(tenant, found, found.balanced)]), ...reasonLines(found));
  output.document({ since: answer.since, ...found });
}

function applianceLines(answer: LedgerAnswer): string[] {
  const { node, processes = [], processes_silent: silent = [] } = answer;
  const checked = answer.checked_at === null ? 'not checked yet' : `checked ${ageOf(answer.checked_at)}`;
  return [
    `since ${withAge(answer.since)}, ${checked}`,
    ...table([
      HEAD,
      rowOf('appliance', node, answer.balanced),
      ...processes.map((one) => rowOf(`process ${one.process}`, one, one.balanced)),
      ...answer.tenants.map((one) => rowOf(`tenant ${one.tenant}`, one, one.balanced)),
    ]),
    ...reasonLines(node),
    ...answer.imbalances.map(({ at, between, missing }) => `${grouped(missing)} messages are missing between ${between}, at ${at}`),
    ...silent.map((process) => `process ${process} does not answer: its counts are missing`),
  ];
}

function deviceLines(answer: DeviceLedgerAnswer): string[] {
  const { last_rejection: last, sequence, since } = answer;
  return [
    `since ${withAge(since)}; rejected since ${withAge(answer.rejected_since)}`,
    ...table([HEAD, rowOf(answer.device_id, answer, answer.balanced)]),
    ...reasonLines(answer),
    ...(last === null ? [] : [`last rejection ${withAge(last.at)}: ${last.code}${last.cause === null ? '' : `, ${last.cause}`}`]),
    ...(sequence.first === null
      ? ['no message had a sequence number']
      : [`sequence ${sequence.first} to ${sequence.last}: ${grouped(sequence.received)} received, ${grouped(sequence.missing)} missing`]),
    ...sequence.missing_ranges.map(({ from, to }) => `  missing ${from === to ? from : `${from} to ${to}`}`),
    ...(sequence.truncated ? ['  and more'] : []),
    ...answer.processes_silent.map((process) => `process ${process} does not answer: its counts are missing`),
  ];
}

function rowOf(name: string, counts: Counts & { recovered?: number }, balanced: boolean | null): string[] {
  const { received, recovered, stored, duplicate, dead, rejected, lost, in_flight: inFlight } = counts;
  const text = (count: number | null | undefined) => (count === null || count === undefined ? '-' : grouped(count));
  const verdict = balanced === null ? 'not known' : balanced ? 'yes' : 'NO';
  return [name, ...[received, recovered, stored, duplicate, dead, rejected, lost, inFlight].map(text), verdict];
}

function reasonLines({
  dead_by_reason: dead,
  rejected_by_reason: rejected,
}: Pick<LedgerAnswer['node'], 'dead_by_reason' | 'rejected_by_reason'>): string[] {
  const lines = (kind: string, reasons: Readonly<Record<string, number>>) =>
    Object.entries(reasons).flatMap(([code, count]) => (count === 0 ? [] : [`  ${kind} ${code}: ${grouped(count)}`]));
  return [...lines('dead', dead), ...lines('rejected', rejected)];
}
