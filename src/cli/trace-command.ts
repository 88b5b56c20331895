import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { CaptureAnswer, CapturedAnswer, CapturedMessagesAnswer } from '../contract/answers/debug.js';
import { type AdminApi, adminApi } from './admin-api.js';
import { usageFailure } from './command-failure.js';
import { type ApplianceOptions, configOf, wholeNumber, withApplianceOptions } from './options.js';
import { Output } from './output.js';
import { valueText } from './reading-text.js';
import { stopSignals } from './stop-signals.js';

interface TraceOptions extends ApplianceOptions {
  readonly device?: string;
  readonly unknown?: boolean;
  readonly tenant?: string;
  readonly seconds: number;
}

const POLL_MS = 300;
/** Of a payload on one line. */
const PAYLOAD_SHOWN_MAX = 160;
/** Readings on one line. */
const READINGS_SHOWN_MAX = 20;

export function addTraceCommand(program: Command): void {
  withApplianceOptions(program.command('trace'))
    .summary('messages of a device as they come, and what becomes of each')
    .description(
      'Captures messages of one device, or clients that are refused at the door, and shows a line for each until the time is over or Ctrl-C.',
    )
    .option('--device <id>', 'the device')
    .option('--unknown', 'clients that are not let in: unknown names, wrong tokens')
    .option('--tenant <id>', 'tenant (default: "default" for a device, any for --unknown)')
    .option('--seconds <n>', 'how long, at most 600', wholeNumber(1, 600), 60)
    .addHelpText('after', '\nExamples:\n  npx spillway trace --device dev-000001\n  npx spillway trace --unknown --seconds 600 --json')
    .action(trace);
}

async function trace({ device, unknown, tenant, seconds, ...options }: TraceOptions): Promise<void> {
  const output = new Output(options.json === true);
  if ((device === undefined) === (unknown !== true)) {
    throw usageFailure('cannot trace: it needs either a device or unknown ones', 'name it: --device ID, or use --unknown');
  }
  const api = adminApi(configOf(options), options.url);
  const stopping = stopSignals();
  const body = { tenant, device_id: device, unknown, seconds, messages_max: 1000 };
  const { capture_id: id } = await api.post<CaptureAnswer>('/v1/debug/captures', body);
  output.remark(`${device ?? 'unknown devices'}: capture ${id} for ${seconds} s; Ctrl-C ends it`);
  const path = `/v1/debug/captures/${id}`;
  const reader = new CaptureReader(api, path, output);
  for (let running = true; running && !stopping.aborted; ) {
    running = (await reader.read()).state === 'running';
    if (running) await delay(POLL_MS, undefined, { signal: stopping }).catch(() => undefined);
  }
  if (stopping.aborted) await api.delete<CaptureAnswer>(path);
  const { messages, skipped, dropped } = await reader.read();
  output.remark(`${messages} messages, ${dropped} of them not kept until they were shown, ${skipped} more skipped`);
}

/** Reads what a capture has seen, each message once, and shows it. */
class CaptureReader {
  readonly #api: AdminApi;
  readonly #path: string;
  readonly #output: Output;
  #after = 0;
  #missed = 0;

  constructor(api: AdminApi, path: string, output: Output) {
    this.#api = api;
    this.#path = path;
    this.#output = output;
  }

  /** Reads all that is there now; of the answer `dropped` is what was never shown. */
  async read(): Promise<CapturedMessagesAnswer> {
    for (;;) {
      const answer = await this.#api.get<CapturedMessagesAnswer>(`${this.#path}?after=${this.#after}`);
      for (const message of answer.captured) {
        this.#missed += message.number - this.#after - 1;
        this.#after = message.number;
        this.#output.text(lineOf(message));
        this.#output.document({ event: 'message', ...message });
      }
      if (answer.captured.length === 0) return { ...answer, dropped: this.#missed };
    }
  }
}

function lineOf(message: CapturedAnswer): string {
  const { received_at: at, verdict, reason, transport, qos, device_id: device, topic } = message;
  const flags = [message.dup ? 'again' : '', message.retained ? 'retained' : '', message.letter_id ? `letter ${message.letter_id}` : ''];
  const way = [transport, qos === null ? '' : `qos ${qos}`, ...flags].filter(Boolean).join(' ');
  const what = verdict === 'stored' || verdict === 'duplicate' ? readingsOf(message) : `${reason}: ${message.cause}${payloadOf(message)}`;
  const where = topic === null ? '' : `${valueText(topic)}${message.rule === null ? '' : ` by rule ${message.rule}`}`;
  const size = message.payload_bytes === null ? '' : `${message.format} ${message.payload_bytes} bytes`;
  return [at, verdict, device === null ? '-' : valueText(device).slice(1, -1), way, where, size, what].filter(Boolean).join('  ');
}

function readingsOf({ readings, readings_total: total }: CapturedAnswer): string {
  const shown = readings.slice(0, READINGS_SHOWN_MAX).map(({ metric, value }) => `${valueText(metric).slice(1, -1)}=${valueText(value)}`);
  return shown.length < total ? `${shown.join(' ')} and ${total - shown.length} more` : shown.join(' ') || 'no readings';
}

function payloadOf({ payload_base64: base64 }: CapturedAnswer): string {
  if (base64 === null) return '';
  const bytes = Buffer.from(base64, 'base64');
  const text = bytes.toString();
  const isText = Buffer.from(text).equals(bytes) && !/[\0-\x08\x0e-\x1f]/.test(text);
  const shown = isText ? valueText(text.slice(0, PAYLOAD_SHOWN_MAX)) : `hex ${bytes.subarray(0, PAYLOAD_SHOWN_MAX / 2).toString('hex')}`;
  return `; payload ${shown}${bytes.length > PAYLOAD_SHOWN_MAX ? ' …' : ''}`;
}
