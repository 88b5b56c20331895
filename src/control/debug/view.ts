import type { CaptureAnswer, CapturedAnswer } from '../../contract/answers/debug.js';
import { codeOf } from '../../contract/api-errors.js';
import type { CapturedMessage, TurnedAway } from '../../contract/captures.js';
import { refusalCode } from '../../contract/codes.js';
import { formatName } from '../../contract/content-types.js';
import { isoTime } from '../../contract/iso-time.js';
import type { TenantRules } from '../../contract/topic-rules/tenant-rules.js';
import type { MetricNames } from '../metrics/metric-names.js';
import { isoMicros } from '../queries/iso-micros.js';
import type { Registry } from '../registry/registry.js';
import type { Capture, CapturedEntry } from './capture.js';

/** Where names come from. */
export interface CaptureNames {
  readonly registry: Pick<Registry, 'byNumber' | 'count'>;
  readonly metricNames: Pick<MetricNames, 'name'>;
  readonly rules: Pick<TenantRules, 'of'>;
}

export function viewCapture({ id, target, ended, beganMs, endsMs, messagesMax, seen, dropped, skipped }: Capture): CaptureAnswer {
  return {
    capture_id: id,
    tenant: (target.kind === 'device' ? target.device.tenant : target.tenant) ?? null,
    device_id: target.kind === 'device' ? target.device.id : null,
    state: ended === undefined ? 'running' : 'ended',
    ended_because: ended ?? null,
    began_at: isoTime(beganMs),
    ends_at: isoTime(endsMs),
    messages_max: messagesMax,
    messages: seen,
    dropped,
    skipped,
  };
}

export function viewEntry({ number, message, turnedAway }: CapturedEntry, names: CaptureNames): CapturedAnswer {
  return { number, ...(message ? viewMessage(message, names) : viewTurnedAway(turnedAway, names)) };
}

function viewMessage(message: CapturedMessage, { registry, metricNames, rules }: CaptureNames): Omit<CapturedAnswer, 'number'> {
  const { verdict, context, readings } = message;
  const device = registry.byNumber(message.device);
  const topic = context?.topic || null;
  const match = topic !== null && device ? rules.of(device.tenant).match(topic) : undefined;
  const isDead = typeof verdict === 'object';
  return {
    received_at: isoMicros(Math.round(message.receivedMs * 1000)),
    verdict: isDead ? 'dead_letter' : verdict,
    ...reasonOf(isDead ? refusalCode(verdict.code).name : undefined),
    transport: message.transport,
    qos: message.transport === 'mqtt' ? message.qos : null,
    dup: message.isAgain,
    retained: context?.isRetained ?? false,
    tenant: device?.tenant ?? null,
    device_id: device?.id ?? null,
    topic,
    format: formatName(message.format),
    payload_base64: Buffer.from(message.payload).toString('base64'),
    payload_bytes: message.payloadBytes,
    rule: match?.rule.name ?? null,
    decoder: match?.rule.decoder ?? null,
    prefix: context?.prefix || null,
    schema: context?.schema || null,
    letter_id: context?.letter ? String(context.letter.id) : null,
    readings: readings.map(({ metric, tsMs, value }) => ({
      metric: metricNames.name(metric) ?? `metric ${metric}`,
      value,
      ts: isoMicros(Math.round(tsMs * 1000)),
    })),
    readings_total: message.readingsTotal,
  };
}

function viewTurnedAway({ atMs, transport, device: number, claim, code, topic }: TurnedAway, names: CaptureNames) {
  const device = number === undefined ? undefined : names.registry.byNumber(number);
  // Some clients send their token as user name, where ours send the tenant: what names no tenant may be a secret.
  const isTenant = claim !== undefined && names.registry.count(claim.tenant) > 0;
  return {
    received_at: isoTime(atMs),
    verdict: 'refused' as const,
    ...reasonOf(code),
    transport,
    qos: null,
    dup: false,
    retained: false,
    tenant: device?.tenant ?? (isTenant ? claim.tenant : null),
    device_id: (device?.id ?? claim?.id) || null,
    topic: topic ?? null,
    format: null,
    payload_base64: null,
    payload_bytes: null,
    rule: null,
    decoder: null,
    prefix: null,
    schema: null,
    letter_id: null,
    readings: [],
    readings_total: 0,
  };
}

function reasonOf(code: string | undefined): Pick<CapturedAnswer, 'reason' | 'cause' | 'way_out'> {
  const known = code === undefined ? undefined : codeOf(code);
  return { reason: code ?? null, cause: known?.cause ?? null, way_out: known?.wayOut ?? null };
}
