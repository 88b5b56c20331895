import { FORMAT_BY_SHAPE } from '../../../assembly/abi/block.js';
import { formatOfContentType } from '../content-types.js';
import { NAME_BYTES_MAX, PREFIX_BYTES_MAX } from '../record-context.js';
import { type Decoder, decoders } from './decoders.js';
import type { RuleMatch } from './rule-set.js';
import type { Unregistered } from './topic-rule.js';

/** Whom a topic names, before anybody asks whether the connection may speak for it. */
export type NamedDevice =
  | { readonly kind: 'connection' }
  | { readonly kind: 'device'; readonly id: string; readonly unregistered: Unregistered }
  /** Each document of the payload names its own, at this path. */
  | { readonly kind: 'member'; readonly path: readonly string[]; readonly unregistered: Unregistered }
  /** The payload is an object whose member names are devices. */
  | { readonly kind: 'members'; readonly unregistered: Unregistered };

/** What the rules make of a topic. */
export interface TopicPlan extends Decoder {
  /** Name of the rule. */
  readonly rule: string;
  readonly decoder: string;
  readonly device: NamedDevice;
  /** Metric names begin with it, its dot included; empty: with nothing. */
  readonly prefix: string;
  /** Metric of a value that is the whole payload; empty: `value`. */
  readonly valueName: string;
  readonly reply: RuleMatch['rule']['reply'];
}

/** Undefined: its names are too long for any metric. */
export function planOf({ rule, levels, rest }: RuleMatch): TopicPlan | undefined {
  const expand = (text: string) =>
    text.replace(/\{([^{}]*)\}/g, (_, name: string) => (name === '#' ? rest.join('.') : (levels.get(name) ?? '')));
  const decoder = decoders.get(rule.decoder) as Decoder;
  const prefix = withDot(expand(rule.prefix ?? ''));
  const valueName = expand(rule.valueName ?? '');
  const prefixBytes = Buffer.byteLength(prefix);
  if (prefixBytes > PREFIX_BYTES_MAX || prefixBytes + Buffer.byteLength(valueName) > NAME_BYTES_MAX) return undefined;
  const named = rule.hasProperties ? formatOfProperties(rest.join('/')) : FORMAT_BY_SHAPE;
  const format = named === FORMAT_BY_SHAPE ? decoder.format : named;
  const { name, reply } = rule;
  return { rule: name, decoder: rule.decoder, format, profile: decoder.profile, device: deviceOf(rule, levels), prefix, valueName, reply };
}

export function withDot(prefix: string): string {
  return prefix === '' || prefix.endsWith('.') ? prefix : `${prefix}.`;
}

function deviceOf({ device, unregistered = 'prefix' }: RuleMatch['rule'], levels: RuleMatch['levels']): NamedDevice {
  if (device === 'connection') return { kind: 'connection' };
  if (device === 'members') return { kind: 'members', unregistered };
  const [source, name] = [device.slice(0, device.indexOf(':')), device.slice(device.indexOf(':') + 1)];
  if (source === 'member') return { kind: 'member', path: name.split('.'), unregistered };
  return { kind: 'device', id: levels.get(name) ?? '', unregistered };
}

/** The content type among properties as Azure's SDKs write them after a topic: `%24.ct=application%2Fjson&unit=C`. */
function formatOfProperties(properties: string): number {
  for (const property of properties.split('&')) {
    const [key = '', value = ''] = property.split('=');
    if (decoded(key) === '$.ct') return formatOfContentType(decoded(value));
  }
  return FORMAT_BY_SHAPE;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
