import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IConnectPacket } from 'mqtt-packet';
import {
  CODE_CREDENTIALS_INVALID,
  CODE_DEVICE_INACTIVE,
  CODE_DEVICE_UNKNOWN,
  CODE_MQTT_AUTH_UNSUPPORTED,
  CODE_REGISTRY_INCOMPLETE,
} from '../../../assembly/abi/codes.js';
import { DEVICE_TOKEN_HASH_BYTES } from '../../../assembly/abi/gateway.js';
import { DEVICE_ID_BYTES_MAX } from '../../../assembly/abi/limits.js';
import type { IdentityQuestion } from '../../contract/threads/gateway.js';
import { hashToken } from '../../contract/token.js';
import { type CertifiedDevice, deviceOfCertificate } from '../certificates.js';
import type { Directory } from '../directory.js';
import type { KnownService, Services } from '../services.js';
import { shownBeside } from '../shown-beside.js';
import type { Proof } from './proofs.js';
import { claimOf, devicesOf, withoutSdk } from './sign-in.js';

export type Admission =
  /** `assignedId`: the client asked for an id, that of the device. */
  | ({ readonly kind: 'admitted'; readonly entry: number; readonly assignedId?: string | undefined } & Proof)
  /** `clientId` is an id of its own where `assignedId` says so. */
  | { readonly kind: 'service'; readonly service: KnownService; readonly clientId: string; readonly assignedId?: string | undefined }
  /** It can be judged once this is answered. */
  | { readonly kind: 'asks'; readonly question: IdentityQuestion }
  /** `reason` is CONNACK's code in MQTT 5, `returnCode` in 3.1.1. */
  | { readonly kind: 'refused'; readonly code: number; readonly reason: number; readonly returnCode: number };

const BAD_CREDENTIALS = { reason: 0x86, returnCode: 4 };
const NOT_AUTHORIZED = { reason: 0x87, returnCode: 5 };
const BAD_CLIENT_ID = { reason: 0x85, returnCode: 2 };
const BAD_METHOD = { reason: 0x8c, returnCode: 5 };

const SERVER_UNAVAILABLE = { reason: 0x88, returnCode: 3 };

/** Of a service client. MQTT 5 §3.1.3.1 lets a server take more than 23. */
const CLIENT_ID_BYTES_MAX = 256;

const UNKNOWN_HASH = new Uint8Array(DEVICE_TOKEN_HASH_BYTES);

function refused(code: number, answer: { reason: number; returnCode: number }): Admission {
  return { kind: 'refused', code, ...answer };
}

/**
 * Lets a client in as the device that it proves to be: by a token, by a certificate of its own (`der`), or by both, which then have to be
 * of one device.
 */
export function authenticate(packet: IConnectPacket, directory: Directory, nowMs: number, der?: Uint8Array): Admission {
  const certified = der && deviceOfCertificate(der, directory, directory.certificateNames, nowMs);
  if (certified && 'device' in certified) {
    const { authority, tenant, device, registers } = certified;
    if (registers && isCertificateAlone(packet, { tenant, id: device })) {
      return { kind: 'asks', question: { kind: 'registration', authority, tenant, device } };
    }
  }
  const admission = judge(packet, directory, nowMs, certified && 'entry' in certified ? certified : undefined);
  const isUnknown = admission.kind === 'refused' && (admission.code === CODE_DEVICE_UNKNOWN || admission.code === CODE_CREDENTIALS_INVALID);
  const isNamed = packet.clientId !== '' || packet.username !== undefined;
  // It may have been registered, or its token replaced, where this process did not see it.
  return isUnknown && directory.isPartial && isNamed ? refused(CODE_REGISTRY_INCOMPLETE, SERVER_UNAVAILABLE) : admission;
}

function judge(packet: IConnectPacket, directory: Directory, nowMs: number, certified: CertifiedDevice | undefined): Admission {
  if (packet.properties?.authenticationMethod !== undefined) return refused(CODE_MQTT_AUTH_UNSUPPORTED, BAD_METHOD);
  const { services } = directory;
  if (services.isSecret(packet.password)) return judgeService(packet, services);
  const isUnnamed = packet.clientId === '';
  // Without an id there is no session to keep [MQTT-3.1.3-8] of 3.1.1.
  if (isUnnamed && packet.protocolVersion !== 5 && packet.clean === false) return refused(CODE_DEVICE_UNKNOWN, BAD_CLIENT_ID);
  if (certified && isCertificateAlone(packet, directory.nameOf(certified.entry))) return byCertificate(certified, directory, isUnnamed);
  const { tenant, id, token } = claimOf(packet, devicesOf(directory));
  if (id === '' || Buffer.byteLength(id) > DEVICE_ID_BYTES_MAX) return refused(CODE_DEVICE_UNKNOWN, BAD_CLIENT_ID);
  const entry = directory.find(tenant, id);
  // An unknown device takes the same path and gets the same answer as a wrong token: ids cannot be probed.
  const expected = entry === undefined ? UNKNOWN_HASH : directory.tokenHash(entry);
  const previous = entry === undefined ? undefined : directory.previousToken(entry, nowMs);
  const given = hashToken(tenant, id, token);
  const isPresent = timingSafeEqual(given, expected);
  const isPrevious = timingSafeEqual(given, previous?.hash ?? UNKNOWN_HASH) && previous !== undefined;
  if (entry === undefined) return refused(CODE_DEVICE_UNKNOWN, BAD_CREDENTIALS);
  const shown = isPresent || isPrevious ? undefined : shownBeside(directory, entry, { given, token }, nowMs);
  if (shown && 'kind' in shown) return { kind: 'asks', question: shown };
  if (!isPresent && !isPrevious && !shown) return refused(CODE_CREDENTIALS_INVALID, BAD_CREDENTIALS);
  if (certified && certified.entry !== entry) return refused(CODE_CREDENTIALS_INVALID, BAD_CREDENTIALS);
  if (!directory.isActive(entry)) return refused(CODE_DEVICE_INACTIVE, NOT_AUTHORIZED);
  const untilMs = isPresent ? undefined : (shown?.untilMs ?? previous?.untilMs);
  return { kind: 'admitted', entry, ...shown, untilMs, assignedId: isUnnamed ? id : undefined };
}

/** Whether the client shows nothing beside its certificate. A user name may say what that says. */
function isCertificateAlone(
  { username, password }: IConnectPacket,
  { tenant, id }: { readonly tenant: string; readonly id: string },
): boolean {
  const user = withoutSdk(username);
  return password === undefined && (user === undefined || [tenant, id, `${tenant}/${id}`].includes(user));
}

function byCertificate(
  { entry, credential = 0, authority, untilMs }: CertifiedDevice,
  directory: Directory,
  isUnnamed: boolean,
): Admission {
  if (!directory.isActive(entry)) return refused(CODE_DEVICE_INACTIVE, NOT_AUTHORIZED);
  return { kind: 'admitted', entry, untilMs, credential, authority, assignedId: isUnnamed ? directory.nameOf(entry).id : undefined };
}

/** A service client may have any client id: the sessions of one service are told apart by it. */
function judgeService({ username, password, clientId, clean, protocolVersion }: IConnectPacket, services: Services): Admission {
  const isUnnamed = clientId === '';
  const isTooLong = Buffer.byteLength(clientId) > CLIENT_ID_BYTES_MAX;
  if (isTooLong || (isUnnamed && protocolVersion !== 5 && clean === false)) return refused(CODE_CREDENTIALS_INVALID, BAD_CLIENT_ID);
  const service = services.find(username, password as Buffer);
  if (!service) return refused(CODE_CREDENTIALS_INVALID, BAD_CREDENTIALS);
  const own = isUnnamed ? `auto-${randomBytes(8).toString('hex')}` : clientId;
  return { kind: 'service', service, clientId: own, assignedId: isUnnamed ? own : undefined };
}
