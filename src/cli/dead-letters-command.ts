import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { DepthAnswer, ReplayAnswer, RetriedAnswer } from '../contract/answers/letters.js';
import type { DeadLettersAnswer } from '../contract/answers/operation.js';
import { adminApi } from './admin-api.js';
import { type ApplianceOptions, configOf, wholeNumber, withApplianceOptions } from './options.js';
import { Output, table } from './output.js';

interface FilterOptions extends ApplianceOptions {
  readonly tenant?: string;
  readonly device?: string;
  readonly class?: string;
  readonly reason?: string;
  readonly from?: string;
  readonly to?: string;
}

interface ListOptions extends FilterOptions {
  readonly limit: number;
}

interface RetryOptions extends ApplianceOptions {
  readonly payloadFile?: string;
  readonly format?: string;
}

type Letter = DeadLettersAnswer['dead_letters'][number];

const SHOWN_CHARS = 60;

export function addDeadLettersCommand(program: Command): void {
  const letters = program
    .command('dead-letters')
    .summary('list, show, mend and replay what could not be decoded')
    .description('Dead letters of a running appliance.');
  withFilter(letters.command('list')).option('--limit <n>', 'letters', wholeNumber(1, 1000), 50).summary('the newest').action(list);
  withApplianceOptions(letters.command('depth'))
    .summary('how many there are')
    .description('Dead letters that are kept and that were removed, by tenant and reason.')
    .action(depth);
  withApplianceOptions(letters.command('retry').argument('<id>', 'id in dead-letters list'))
    .option('--payload-file <path>', 'the payload to try in its place; - for standard input')
    .option('--format <name>', 'how the payload is written: json, cbor, msgpack, line-protocol, …')
    .summary('try one again')
    .description('Tries one letter again, as it is or with another payload or format, and says what became of it.')
    .action(retry);
  withFilter(letters.command('replay').argument('[ids...]', 'ids in dead-letters list; none: those that match the options'))
    .summary('try many again')
    .description('Tries letters again, each once whatever crashes, and waits until all are stored or dead letters once more.')
    .action(replay);
}

function withFilter(command: Command): Command {
  return withApplianceOptions(command)
    .option('--tenant <id>', 'of this tenant')
    .option('--device <id>', 'of this device')
    .option('--class <name>', 'of devices of this class')
    .option('--reason <code>', 'of this reason')
    .option('--from <time>', 'received from this time on')
    .option('--to <time>', 'received up to this time');
}

async function list(options: ListOptions): Promise<void> {
  const output = new Output(options.json === true);
  const query = new URLSearchParams({ limit: String(options.limit) });
  const { tenant, device, class: deviceClass, reason, from, to } = options;
  for (const [name, value] of Object.entries({ tenant, device_id: device, device_class: deviceClass, reason, from, to })) {
    if (value !== undefined) query.set(name, value);
  }
  const answer = await adminApi(configOf(options), options.url).get<DeadLettersAnswer>(`/v1/dead-letters?${query}`);
  const rows = answer.dead_letters.map((letter) => [letter.id, letter.received_at, letter.device_id ?? '-', whyOf(letter), shown(letter)]);
  output.text(...table([['ID', 'RECEIVED', 'DEVICE', 'REASON', 'PAYLOAD'], ...rows]));
  output.document(answer);
}

async function depth(options: ApplianceOptions): Promise<void> {
  const output = new Output(options.json === true);
  const answer = await adminApi(configOf(options), options.url).get<DepthAnswer>('/v1/dead-letters/depth');
  const rows = answer.tenants.map(({ tenant, letters, bytes, removed, by_reason: reasons }) => {
    const byReason = Object.entries(reasons).map(([reason, count]) => `${reason} ${count}`);
    return [tenant ?? '(unknown)', `${letters}`, `${bytes}`, `${removed}`, byReason.join(', ')];
  });
  output.text(...table([['TENANT', 'LETTERS', 'BYTES', 'REMOVED', 'REASONS'], ...rows]));
  output.document(answer);
}

function whyOf({ reason, position, field, replayed_at: replayed }: Letter): string {
  const ofField = field === null ? '' : ` of field ${field}`;
  return `${reason}${ofField}${position === null ? '' : ` at byte ${position}`}${replayed === null ? '' : ', tried again'}`;
}

/** The payload as one line of text, or as hexadecimal digits with a mark before the byte for which it was refused. */
function shown({ payload_base64: payload, position }: Letter): string {
  const bytes = Buffer.from(payload, 'base64');
  const fault = position ?? bytes.length;
  const text = bytes.toString('utf8');
  const isText = !/[\u0000-\u0008\u000e-\u001f\ufffd]/.test(text);
  const line = isText
    ? text.replaceAll(/\s+/g, ' ')
    : `${bytes.toString('hex', 0, fault)}${position === null ? '' : '>'}${bytes.toString('hex', fault)}`;
  return line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS)}…` : line;
}

async function retry(id: string, options: RetryOptions): Promise<void> {
  const output = new Output(options.json === true);
  const { payloadFile, format } = options;
  const answer = await adminApi(configOf(options), options.url).post<RetriedAnswer>(`/v1/dead-letters/${encodeURIComponent(id)}/retry`, {
    ...(payloadFile !== undefined && { payload_base64: readFileSync(payloadFile === '-' ? 0 : payloadFile).toString('base64') }),
    ...(format !== undefined && { format }),
  });
  if (answer.status === 'stored') output.text(`letter ${id} is stored`);
  else if (answer.status === 'dead') output.text(`letter ${id} cannot be decoded: ${answer.reason}; it is letter ${answer.id} now`);
  else output.text(`letter ${id} is refused: ${answer.reason}`);
  output.document(answer);
}

async function replay(ids: readonly string[], options: FilterOptions): Promise<void> {
  const output = new Output(options.json === true);
  const api = adminApi(configOf(options), options.url);
  const { tenant, device, class: deviceClass, reason, from, to } = options;
  const filter = { tenant, device_id: device, device_class: deviceClass, reason, from, to };
  let answer = await api.post<ReplayAnswer>('/v1/dead-letters/replay', ids.length > 0 ? { ids } : { filter });
  output.text(`${answer.letters} dead letters are tried again`);
  while (answer.state === 'running') {
    await new Promise((resolve) => setTimeout(resolve, 500));
    answer = await api.get<ReplayAnswer>(`/v1/dead-letters/replays/${answer.id}`);
  }
  output.text(
    `${answer.state}: ${answer.replayed} went through the pipeline, ${answer.dead_again} of them are dead letters once more, ${answer.refused} refused`,
    ...(answer.cause === null ? [] : [`  ${answer.cause}`]),
  );
  output.document(answer);
}
