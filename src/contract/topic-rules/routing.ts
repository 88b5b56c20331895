import { CONTEXT_AT_FLAGS, CONTEXT_FORMAT_OF_RULE, CONTEXT_RETAINED, FORMAT_BY_SHAPE } from '../../../assembly/abi/block.js';
import { CODE_NONE, CODE_PAYLOAD_OVERSIZE, CODE_TOPIC_UNKNOWN } from '../../../assembly/abi/codes.js';
import { PROFILE_NOT_TAKEN, PROFILE_NOTHING } from '../../../assembly/abi/profiles.js';
import { encodeContext } from '../record-context.js';
import { type Binding, bindDevice, type KnownDevice } from './bind.js';
import { PARTS_MAX, partsOf } from './parts.js';
import { planOf, type TopicPlan } from './plan.js';
import type { RuleSet } from './rule-set.js';

/** Who publishes on a topic, and the devices of its tenant. */
export interface Sender {
  readonly number: number;
  readonly id: string;
  /** It may register devices that it names, so it speaks for more than itself. */
  readonly isGateway?: boolean | undefined;
  find(id: string): KnownDevice | undefined;
}

/** Where the messages of a topic go, each with the bytes that come before its payload; or why they are refused. */
export interface TopicRoute {
  readonly code: number;
  readonly device: number;
  readonly format: number;
  readonly context: Uint8Array;
  /** The plan of a topic whose messages have to be looked at, one by one. */
  readonly each?: TopicPlan | undefined;
}

/** A message that is ready to be laid into a block. */
export interface RoutedMessage {
  readonly device: number;
  readonly format: number;
  readonly context: Uint8Array;
  readonly payload: Uint8Array;
}

export interface MessageOptions {
  readonly isRetained?: boolean;
  /** What the sender said of the payload; FORMAT_BY_SHAPE: nothing. */
  readonly format?: number;
}

/** Says what a topic means that the sender publishes on. */
export function routeTopic(rules: RuleSet, topic: string, sender: Sender): TopicRoute {
  const match = rules.match(topic);
  const plan = match && planOf(match);
  const refused = (code: number) => ({ code, device: sender.number, format: FORMAT_BY_SHAPE, context: notTaken(topic) });
  if (!plan) return refused(CODE_TOPIC_UNKNOWN);
  const { device } = plan;
  if (device.kind === 'member' || device.kind === 'members' || plan.reply)
    return { ...refused(CODE_NONE), context: nothingOf(topic), each: plan };
  const binding = device.kind === 'connection' ? ownOf(sender) : bindDevice(device.id, device.unregistered, sender, sender.find);
  if (binding.code !== CODE_NONE) return refused(binding.code);
  return { code: CODE_NONE, device: binding.device, format: plan.format, context: contextOf(plan, binding, topic) };
}

/**
 * The messages that a message on a topic is: one, or one for each device that its payload speaks of. The code when one of them may not be
 * written: then none may.
 */
export function routeMessage(
  rules: RuleSet,
  topic: string,
  payload: Uint8Array,
  sender: Sender,
  { isRetained = false, format: said = FORMAT_BY_SHAPE }: MessageOptions = {},
): RoutedMessage[] | number {
  const { code, device, format, context, each } = routeTopic(rules, topic, sender);
  if (code !== CODE_NONE) return code;
  const readAs = (planned: number, context: Uint8Array) => {
    const isOfRule = said === FORMAT_BY_SHAPE && planned !== FORMAT_BY_SHAPE;
    const flags = (isRetained ? CONTEXT_RETAINED : 0) | (isOfRule ? CONTEXT_FORMAT_OF_RULE : 0);
    return { format: said === FORMAT_BY_SHAPE ? planned : said, context: flags === 0 ? context : withFlags(context, flags) };
  };
  if (!each || each.device.kind === 'connection' || each.device.kind === 'device') {
    return [{ device, ...readAs(format, context), payload }];
  }
  const { unregistered } = each.device;
  const parts = partsOf(each.device, payload);
  if (parts.length > PARTS_MAX) return CODE_PAYLOAD_OVERSIZE;
  const messages: RoutedMessage[] = [];
  for (const part of parts) {
    const binding = part.id === undefined ? ownOf(sender) : bindDevice(part.id, unregistered, sender, sender.find);
    if (binding.code !== CODE_NONE) return binding.code;
    const context = contextOf(each, binding, topic, part.id === undefined ? '' : ownTagOf(each));
    messages.push({ device: binding.device, ...readAs(each.format, context), payload: part.payload });
  }
  return messages;
}

function ownOf({ number }: Sender): Binding {
  return { code: CODE_NONE, device: number, prefix: '' };
}

function contextOf(plan: TopicPlan, { prefix }: Binding, topic: string, ownTag = ''): Uint8Array {
  return encodeContext({
    profile: plan.profile,
    prefix: prefix + plan.prefix,
    name: plan.valueName,
    topic,
    isUnsequenced: prefix !== '',
    ownTag,
  });
}

/** Key of the tag that names the device of each document; empty: something else does. */
function ownTagOf({ device }: TopicPlan): string {
  const [first, key = '', ...rest] = device.kind === 'member' ? device.path : [];
  return first === 'tags' && rest.length === 0 ? key : '';
}

function withFlags(context: Uint8Array, flags: number): Uint8Array {
  const copy = Uint8Array.from(context);
  copy[CONTEXT_AT_FLAGS] = (copy[CONTEXT_AT_FLAGS] as number) | flags;
  return copy;
}

/** Of a message on a topic that is refused, where its sender cannot be told so: it becomes a dead letter. */
export function notTaken(topic: string): Uint8Array {
  return encodeContext({ profile: PROFILE_NOT_TAKEN, topic });
}

function nothingOf(topic: string): Uint8Array {
  return encodeContext({ profile: PROFILE_NOTHING, topic });
}
