import type { TopicRule } from '../topic-rules/topic-rule.js';

/** A reading that a vector expects. */
export interface VectorReading {
  /** Absent: the device that is connected. */
  readonly device?: string | undefined;
  readonly metric: string;
  /** A boolean is 1 or 0. */
  readonly value: number | string;
  /** Absent: whatever the schema says. */
  readonly unit?: string | undefined;
  /** ISO 8601; absent: the receive time, which is not compared. */
  readonly ts?: string | undefined;
}

/** A message as devices publish it, and what it becomes. */
export interface PackVector {
  readonly name: string;
  /** Id of the device that is connected. */
  readonly device: string;
  /** Ids of devices that are registered `via` it. */
  readonly children?: readonly string[] | undefined;
  readonly firmwareVersion?: string | undefined;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly contentType?: string | undefined;
  /** All of them; none: the message is taken in without a reading. */
  readonly readings: readonly VectorReading[];
  /** Code by which it is refused, at the gateway or as a dead letter. */
  readonly reason?: string | undefined;
}

/** What decoding a class of devices takes, in one piece. */
export interface Pack {
  readonly name: string;
  readonly version: string;
  readonly vendor: string;
  readonly description: string;
  readonly topicRules: readonly TopicRule[];
  readonly vectors: readonly PackVector[];
}

/** A pack that every build has and that nobody signs. */
export interface BuiltInPack extends Pack {
  /** The kernel knows its topics by itself, so no tenant can switch it off. */
  readonly isFixed?: boolean;
}
