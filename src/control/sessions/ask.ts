import assert from 'node:assert/strict';
import { ApiFailure } from '../../contract/api-errors.js';
import type { MessageBroker } from '../../contract/data-plane.js';
import { doneWithin } from '../../contract/deadline.js';
import type { BrokerAnswer, BrokerQuestion } from '../../contract/threads/broker.js';

export type Asked = Pick<MessageBroker, 'askBroker'>;

/** A change is answered once it is on disk, which takes seconds where the disk is slow. */
const ANSWER_MS_MAX = 10_000;

/** The answer to the question, which is of this kind; or why there is none. `attempt` completes "cannot …". */
export async function askBroker<Kind extends BrokerAnswer['kind']>(
  plane: Asked,
  question: BrokerQuestion,
  kind: Kind,
  attempt: string,
): Promise<Extract<BrokerAnswer, { kind: Kind }> | ApiFailure> {
  const asked = plane.askBroker(question);
  if (!asked) return new ApiFailure('sessions_missing', attempt);
  if (!(await doneWithin(asked, ANSWER_MS_MAX))) return new ApiFailure('unavailable', attempt);
  const answer = await asked;
  assert(answer.kind === kind, 'an answer of the broker is of the kind of its question');
  return answer as Extract<BrokerAnswer, { kind: Kind }>;
}
