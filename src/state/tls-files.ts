import { readFileSync } from 'node:fs';
import { certificateNames, type IdentityConfig } from '../config/settings/identity.js';
import type { ListenConfig } from '../config/settings/listen.js';
import type { TlsMaterial } from '../contract/tls-material.js';

/** The HTTP port with TLS, which asks no client for a certificate; undefined: it is not wanted. */
export function httpsOf(listen: ListenConfig): { readonly bind: string; readonly port: number; readonly tls: TlsMaterial } | undefined {
  const { bind, httpsPort, tlsCert, tlsKey } = listen;
  if (httpsPort === undefined || tlsCert === undefined || tlsKey === undefined) return undefined;
  return { bind, port: httpsPort, tls: { cert: readFileSync(tlsCert, 'utf8'), key: readFileSync(tlsKey, 'utf8') } };
}

/** What the ports of devices with TLS listen with; undefined: there are none. The files were found readable when the settings were read. */
export function tlsMaterial({ tlsCert, tlsKey, tlsClientCa }: ListenConfig, identity: IdentityConfig): TlsMaterial | undefined {
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  const authorities = tlsClientCa === undefined ? {} : { clientCa: readFileSync(tlsClientCa, 'utf8') };
  const revoked = identity.tlsClientCrl === undefined ? {} : { clientCrl: readFileSync(identity.tlsClientCrl, 'utf8') };
  const clients = { clientAuth: identity.tlsClientAuth, clientNames: certificateNames(identity), ...authorities, ...revoked };
  return { cert: readFileSync(tlsCert, 'utf8'), key: readFileSync(tlsKey, 'utf8'), ...clients };
}
