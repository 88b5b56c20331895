import { AsyncLocalStorage } from 'node:async_hooks';

/** What a key may do; each may do what the one before it may. */
export const KEY_ROLES = ['viewer', 'operator', 'admin'] as const;
export type KeyRole = (typeof KEY_ROLES)[number];

/** Who makes a call. */
export interface Principal {
  /** claim: a device that shows a claim code, in the audit log. */
  readonly kind: 'key' | 'person' | 'claim';
  readonly id: string;
  readonly name: string;
  readonly role: KeyRole;
  /** The one tenant that it may see; null: all. */
  readonly tenant: string | null;
  /** Number of the group of devices that it may see, with those in it; null: all of the tenant. */
  readonly group: number | null;
}

/** A call of an operator while it is answered. */
export interface Call {
  readonly method: string;
  /** Of its route: `/v1/devices/:id`. */
  readonly pattern: string;
  readonly path: string;
  /** Address of the client. */
  readonly address: string;
  principal: Principal | undefined;
  /** Whether what it changed is in the audit log already. */
  isRecorded: boolean;
}

const calls = new AsyncLocalStorage<Call>();

export function inCall<Result>(call: Call, work: () => Result): Result {
  return calls.run(call, work);
}

/** The call that is being answered; undefined: this is no operator's doing. */
export function currentCall(): Call | undefined {
  return calls.getStore();
}

/** The one tenant that the caller may see; undefined: all. */
export function callersTenant(): string | undefined {
  return calls.getStore()?.principal?.tenant ?? undefined;
}

/** Whether the caller may see what is of this tenant. */
export function seesTenant(tenant: string | null | undefined): boolean {
  const own = callersTenant();
  return own === undefined || own === tenant;
}

/** Number of the group whose devices are all that the caller may see; undefined: all of the tenant. */
export function callersGroup(): number | undefined {
  return calls.getStore()?.principal?.group ?? undefined;
}

export function mayAs(role: KeyRole, needed: KeyRole): boolean {
  return KEY_ROLES.indexOf(role) >= KEY_ROLES.indexOf(needed);
}
