import { CODE_DEVICE_INACTIVE, CODE_NONE, CODE_PAYLOAD_OVERSIZE, CODE_TOPIC_FORBIDDEN } from '../../../assembly/abi/codes.js';
import { ROUTE_TOPIC_BYTES_MAX } from '../../../assembly/abi/gateway.js';
import { PAYLOAD_BYTES_MAX } from '../../../assembly/abi/limits.js';
import { topicWithin } from '../../contract/topic-rules/own-topics.js';
import { type RoutedMessage, routeMessage } from '../../contract/topic-rules/routing.js';
import type { TenantRules } from '../../contract/topic-rules/tenant-rules.js';
import type { Device } from '../registry/device.js';
import type { Registry } from '../registry/registry.js';
import { mayAddSubdevices, type Subdevices } from '../registry/subdevices.js';

/** Why the text is no topic that a message can be published on; undefined: it is one. */
export function topicProblem(topic: string): string | undefined {
  const bytes = Buffer.byteLength(topic);
  if (bytes === 0 || bytes > ROUTE_TOPIC_BYTES_MAX) return `must have 1 to ${ROUTE_TOPIC_BYTES_MAX} bytes`;
  return /[+#\0]/.test(topic) ? 'must not hold +, # or NUL' : undefined;
}

/**
 * What a message on a topic is when the device publishes it: one message, or one for each device that it speaks of. The code when one of
 * them may not be written: then none may.
 */
function messagesByTopic(
  registry: Pick<Registry, 'get' | 'byNumber'>,
  rules: TenantRules,
  { number, tenant, id, metadata }: Device,
  topic: string,
  { payload, format }: { readonly payload: Uint8Array; readonly format: number },
): RoutedMessage[] | number {
  const sender = { number, id, isGateway: mayAddSubdevices({ metadata }), find: (name: string) => registry.get(tenant, name) };
  const messages = routeMessage(rules.of(tenant), topic, payload, sender, { format });
  if (typeof messages === 'number') return messages;
  return messages.map((message) => refusalOf(registry, message)).find((code) => code !== CODE_NONE) ?? messages;
}

/** As messagesByTopic, after devices that the message names were registered where the sender may register them. */
export async function messagesOfAll(
  registry: Pick<Registry, 'get' | 'byNumber'>,
  rules: TenantRules,
  subdevices: Pick<Subdevices, 'add'>,
  device: Device,
  named: string,
  payload: { readonly payload: Uint8Array; readonly format: number },
): Promise<RoutedMessage[] | number> {
  const topic = topicWithin(device.tenant, named);
  if (topic === undefined) return CODE_TOPIC_FORBIDDEN;
  if (mayAddSubdevices(device)) {
    const named = new Set<string>();
    const find = (id: string) => registry.get(device.tenant, id) ?? void named.add(id);
    routeMessage(rules.of(device.tenant), topic, payload.payload, { number: device.number, id: device.id, find });
    for (const id of named) await subdevices.add(device.number, id);
  }
  return messagesByTopic(registry, rules, device, topic, payload);
}

/** Why a message may not be put into the log, or 0. */
export function refusalOf(
  registry: { byNumber(number: number): Pick<Device, 'status'> | undefined },
  { device, context, payload }: RoutedMessage,
): number {
  if (registry.byNumber(device)?.status !== 'active') return CODE_DEVICE_INACTIVE;
  return context.length + payload.length > PAYLOAD_BYTES_MAX ? CODE_PAYLOAD_OVERSIZE : CODE_NONE;
}
