/** Whose readings a topic's messages are: the connection's, those of a level of the topic, or those of a member of the payload. */
export type DeviceSource = 'connection' | `level:${string}` | `member:${string}` | 'members';

/**
 * What becomes of readings of a device that is not registered: they are the connection's own, under their names (`own`) or under names
 * that begin with the device's (`prefix`); or the message is refused.
 */
export type Unregistered = 'own' | 'prefix' | 'refuse';

/** Says what the messages on some topics mean: no device needs to be changed for it. */
export interface TopicRule {
  readonly name: string;
  /** A topic filter of MQTT whose levels may have names: `tele/{device}/SENSOR`. */
  readonly pattern: string;
  /** `members`: the payload is an object whose member names are devices. */
  readonly device: DeviceSource;
  /** A format, or the profile of a convention: a name of `decoders`. */
  readonly decoder: string;
  /** Names of metrics begin with it and a dot; `{level}` stands for a level of the topic. */
  readonly prefix?: string | undefined;
  /** Metric of a value that is the whole payload; `{level}` as above, `{#}`: the levels that `#` stands for, joined with dots. */
  readonly valueName?: string | undefined;
  /** The first rule that matches is taken, by rising order and then as the rules are listed. */
  readonly order?: number | undefined;
  /** Absent: `prefix`. */
  readonly unregistered?: Unregistered | undefined;
  /** What `#` stands for are properties as Azure's SDKs write them, one of which may be the content type. */
  readonly hasProperties?: boolean | undefined;
  /** The message is a question, whose answer the gateway knows. */
  readonly reply?: 'session-limits' | undefined;
}
