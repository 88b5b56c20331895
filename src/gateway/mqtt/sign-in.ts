import type { IConnectPacket } from 'mqtt-packet';
import type { Directory } from '../directory.js';

/** The tenant of a client that names none. */
const TENANT_DEFAULT = 'default';

/** What a client says that it is: a device and its token. */
export interface Claim {
  readonly tenant: string;
  readonly id: string;
  readonly token: string | Uint8Array;
}

/** The devices that a claim is compared with. */
export interface ClaimedDevices {
  has(tenant: string, id: string): boolean;
  /** The one device with this token; undefined: there is none, or more than one. */
  byToken(token: string): { readonly tenant: string; readonly id: string } | undefined;
}

/** The devices that a gateway knows. */
export function devicesOf(directory: Directory): ClaimedDevices {
  return { has: (tenant, id) => directory.find(tenant, id) !== undefined, byToken: (token) => directory.byToken(token) };
}

/** `HOST/DEVICE/?api-version=…`, as Azure's SDKs write it. */
const AZURE_USER = /^[^/]+\/([^/]+)\/\?api-version=/;

/**
 * Reads who a client says it is. Our own form is client id = device, user name = tenant, password = token. SDKs of other platforms have
 * others, which are tried where there is no such device: none of them lets anybody in without the device's token.
 */
export function claimOf(packet: Pick<IConnectPacket, 'clientId' | 'username' | 'password'>, devices: ClaimedDevices): Claim {
  const { clientId, password } = packet;
  const user = withoutSdk(packet.username);
  const own = { tenant: user ?? TENANT_DEFAULT, id: clientId, token: password ?? '' };
  if (user === undefined || devices.has(own.tenant, own.id)) return own;
  const ofUser = password === undefined ? byToken(clientId, user, devices) : byUser(user, password);
  return ofUser && devices.has(ofUser.tenant, ofUser.id) ? ofUser : own;
}

/** AWS's SDKs append what they are to the user name. */
export function withoutSdk(user: string | undefined): string | undefined {
  const at = user?.indexOf('?SDK=') ?? -1;
  return at < 0 ? user : user?.slice(0, at) || undefined;
}

/** The user name is the token: of the device that the client id names, or, as ThingsBoard's SDKs have it, of the only one that has it. */
function byToken(clientId: string, token: string, devices: ClaimedDevices): Claim | undefined {
  if (devices.has(TENANT_DEFAULT, clientId)) return { tenant: TENANT_DEFAULT, id: clientId, token };
  const found = devices.byToken(token);
  return found && { ...found, token };
}

/** The user name names the device, for clients whose client id is another at each start: `DEVICE`, `TENANT/DEVICE`, or Azure's form. */
function byUser(user: string, token: Uint8Array): Claim {
  const ofAzure = AZURE_USER.exec(user)?.[1];
  if (ofAzure !== undefined) return { tenant: TENANT_DEFAULT, id: ofAzure, token };
  const slash = user.indexOf('/');
  if (slash < 0) return { tenant: TENANT_DEFAULT, id: user, token };
  return { tenant: user.slice(0, slash), id: user.slice(slash + 1), token };
}
