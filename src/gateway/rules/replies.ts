import { CONTEXT_HEADER_BYTES } from '../../../assembly/abi/block.js';
import { ROUTE_TOPIC_BYTES_MAX } from '../../../assembly/abi/gateway.js';
import { PAYLOAD_BYTES_MAX } from '../../../assembly/abi/limits.js';
import type { RuleSet } from '../../contract/topic-rules/rule-set.js';

export interface Reply {
  readonly topic: string;
  readonly payload: string;
}

/** Context and topic count against what a payload may have. */
const SESSION_PAYLOAD_BYTES = PAYLOAD_BYTES_MAX - CONTEXT_HEADER_BYTES - ROUTE_TOPIC_BYTES_MAX;

/** The answer to a message that is a question; undefined: it is none. */
export function replyTo(rules: RuleSet, topic: string, payload: Uint8Array): Reply | undefined {
  const match = rules.match(topic);
  if (match?.rule.reply !== 'session-limits' || methodOf(payload) !== 'getSessionLimits') return undefined;
  // ThingsBoard's clients ask for it at each start, and hold back as long as it limits rates. An empty object limits nothing.
  const limits = { maxPayloadSize: SESSION_PAYLOAD_BYTES, rateLimits: {}, gatewayRateLimits: {} };
  return { topic: `v1/devices/me/rpc/response/${match.levels.get('request')}`, payload: JSON.stringify(limits) };
}

function methodOf(payload: Uint8Array): unknown {
  try {
    return (JSON.parse(Buffer.from(payload).toString()) as { method?: unknown } | null)?.method;
  } catch {
    return undefined;
  }
}
