import type { Body } from '../message.js';
import type { ShareGroup } from '../share-group.js';

/** What parts of the broker tell other processes, and have to know of them. */
export interface Sharing {
  /** Whether clients at another process have subscribed to this filter, which is one without `$share/{group}/`. */
  has(tenant: string, plain: string): boolean;
  /** A client here has subscribed to the whole filter, or has not any more. */
  subscribed(tenant: string, filter: string): void;
  unsubscribed(tenant: string, filter: string): void;
  /** Hands a message of this process on to those that want it. Answers the groups of which members elsewhere get it, with their processes. */
  publish(
    tenant: string,
    topic: string,
    body: Body,
    qos: number,
    isRetained: boolean,
    here: readonly ShareGroup[],
  ): ReadonlyMap<string, string>;
  /** A retained message was removed without a message to subscribers. */
  dropRetained(tenant: string, topic: string): void;
}
