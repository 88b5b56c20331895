import { CODE_DEVICE_INACTIVE, CODE_NONE, CODE_PAYLOAD_OVERSIZE } from '../../../assembly/abi/codes.js';
import { ROUTE_TOPIC_BYTES_MAX } from '../../../assembly/abi/gateway.js';
import { PAYLOAD_BYTES_MAX } from '../../../assembly/abi/limits.js';
import type { DataPlane } from '../../contract/data-plane.js';
import { type RoutedMessage, routeMessage } from '../../contract/topic-rules/routing.js';
import type { TenantRules } from '../../contract/topic-rules/tenant-rules.js';
import type { Device } from '../registry/device.js';
import type { Registry } from '../registry/registry.js';

/** Why the text is no topic that a message can be published on; undefined: it is one. */
export function topicProblem(topic: string): string | undefined {
  const bytes = Buffer.byteLength(topic);
  if (bytes === 0 || bytes > ROUTE_TOPIC_BYTES_MAX) return `must have 1 to ${ROUTE_TOPIC_BYTES_MAX} bytes`;
  return /[+#\0]/.test(topic) ? 'must not hold +, # or NUL' : undefined;
}

/**
 * Takes a message in as if the device had published it on the topic. Resolves to 0 once all that it says is durable, or to the code that
 * refuses it: then nothing of it was taken, unless the log began to fail in its midst.
 */
export async function ingestByTopic(
  { plane, registry, rules }: { plane: Pick<DataPlane, 'ingest'>; registry: Pick<Registry, 'get' | 'byNumber'>; rules: TenantRules },
  { number, tenant, id }: Device,
  topic: string,
  payload: Uint8Array,
): Promise<number> {
  const messages = routeMessage(rules.of(tenant), topic, payload, { number, id, find: (name) => registry.get(tenant, name) });
  if (typeof messages === 'number') return messages;
  const refusal = messages.map((message) => refusalOf(registry, message)).find((code) => code !== CODE_NONE);
  if (refusal !== undefined) return refusal;
  const codes = await Promise.all(
    // A part of the payload is copied: a thread gets it with its whole buffer.
    messages.map(({ device, format, context, payload: part }) => plane.ingest(device, Uint8Array.from(part), { format, context })),
  );
  return codes.find((code) => code !== CODE_NONE) ?? CODE_NONE;
}

function refusalOf(registry: Pick<Registry, 'byNumber'>, { device, context, payload }: RoutedMessage): number {
  if (registry.byNumber(device)?.status !== 'active') return CODE_DEVICE_INACTIVE;
  return context.length + payload.length > PAYLOAD_BYTES_MAX ? CODE_PAYLOAD_OVERSIZE : CODE_NONE;
}
