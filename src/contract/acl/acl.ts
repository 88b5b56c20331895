/** Who wants to use a topic, inside one tenant. `name` is the device's id, or the name of the service client. */
export type Principal =
  | { readonly kind: 'device'; readonly tenant: string; readonly name: string; readonly deviceClass: string | null }
  | { readonly kind: 'service'; readonly tenant: string; readonly name: string };

export type AclAction = 'publish' | 'subscribe';

/** Whom a rule is for: everybody of the tenant, a class of devices, one device, or one service client. */
export type AclSubject = 'all' | `class:${string}` | `device:${string}` | `service:${string}`;

export interface AclRule {
  /** Its number in the database; 0: it is built in. */
  readonly id: number;
  readonly subject: AclSubject;
  readonly action: AclAction | 'both';
  /** A topic filter of MQTT in which `%d` stands for the device's id and `%t` for the tenant, as exact text. */
  readonly filter: string;
  readonly effect: 'allow' | 'deny';
}

export interface AclVerdict {
  readonly allowed: boolean;
  /** The rule that decides; undefined: no rule allows it. */
  readonly rule: AclRule | undefined;
  /** One sentence for people. */
  readonly why: string;
}

/** Decides who may use which topic. Nothing is allowed that no rule allows, and a rule that denies wins over those that allow. */
export interface Acl {
  /**
   * `topic`: for `publish` a topic, for `subscribe` a filter, also one of `$share`. A filter is allowed only if every topic that it matches
   * is allowed.
   */
  allows(who: Principal, action: AclAction, topic: string): AclVerdict;
}
