/** What it means now that a message is acknowledged: how many copies of it there are. */
export interface Acknowledgement {
  readonly log: 'file' | 'kafka' | 'none';
  /** Where it holds for all of its partitions; of Kafka alone. */
  readonly topic?: string;
  /** Copies that a message has when it is acknowledged, in the partition that has the fewest. */
  readonly copies: number;
  /** Copies that the log is made to keep. */
  readonly copiesConfigured: number;
  /** With fewer nothing is acknowledged (`min.insync.replicas`); undefined: it is not known. */
  readonly copiesMin: number | undefined;
}

/** In one sentence for an operator. */
export function meaningOf({ log, copies, copiesConfigured, copiesMin }: Acknowledgement): string {
  if (log === 'none') return 'an acknowledged message is kept in memory alone until it is stored';
  if (log === 'file') return 'an acknowledged message is on the disk of this machine: one copy';
  if (copiesConfigured < 2) return 'an acknowledged message is on one Kafka broker: one copy';
  const now = `an acknowledged message is on ${copies} of ${copiesConfigured} Kafka brokers that keep it`;
  if (copiesMin === undefined) return `${now}; how few may do is not known`;
  return `${now}, and never on fewer than ${Math.min(copiesMin, copiesConfigured)}`;
}

/** Why a single broker may lose what was acknowledged; undefined: two copies are there now and at any time, as far as is known. */
export function fewCopies({ log, topic, copies, copiesConfigured, copiesMin }: Acknowledgement): string | undefined {
  if (log !== 'kafka') return undefined;
  if (copiesConfigured < 2) return `messages are acknowledged with one copy: topic ${topic} has one replica`;
  if (copies < 2) return `messages are acknowledged with one copy: of ${copiesConfigured} replicas of topic ${topic} one is in sync`;
  if (copiesMin === undefined || copiesMin >= 2) return undefined;
  return `messages may be acknowledged with one copy: min.insync.replicas of topic ${topic} is ${copiesMin}, with ${copiesConfigured} replicas`;
}
