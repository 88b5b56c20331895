import { CODE_NONE } from '../../../assembly/abi/codes.js';
import { decodeContext, type RecordContext } from '../../contract/record-context.js';
import { topicWithin } from '../../contract/topic-rules/own-topics.js';
import { routeTopic } from '../../contract/topic-rules/routing.js';
import type { TenantRules } from '../../contract/topic-rules/tenant-rules.js';
import type { Registry } from '../registry/registry.js';
import { mayAddSubdevices } from '../registry/subdevices.js';

/** Whose a message is by its topic, and how it is read. */
export interface Rerouted {
  readonly device: number;
  readonly format: number;
  readonly context: RecordContext;
}

/** Says what a topic means today that was not taken when the device published on it. Undefined: it is still not taken. */
export type Reroute = (device: number, topic: string) => Rerouted | undefined;

/** A topic whose messages speak of several devices is not taken here either: a letter is one message. */
export function rerouteBy(registry: Pick<Registry, 'byNumber' | 'get'>, rules: TenantRules): Reroute {
  return (number, named) => {
    const device = registry.byNumber(number);
    if (!device) return undefined;
    const topic = topicWithin(device.tenant, named);
    if (topic === undefined) return undefined;
    const find = (id: string) => registry.get(device.tenant, id);
    const sender = { number, id: device.id, isGateway: mayAddSubdevices(device), find };
    const { code, device: target, format, context, each } = routeTopic(rules.of(device.tenant), topic, sender);
    const read = code === CODE_NONE && !each ? decodeContext(Buffer.from(context)) : undefined;
    return read && { device: target, format, context: read };
  };
}
