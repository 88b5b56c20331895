import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type TLSSocket } from 'node:tls';
import type { TlsMaterial } from '../contract/tls-material.js';

/** Forward secrecy and authenticated encryption only, as the native reactor has it; those of TLS 1.3 are all of that kind. */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** A handshake that takes longer has failed. */
export const HANDSHAKE_MS_MAX = 5000;

/** What a TLS server of this process is made with. With `optional` who shows a certificate has to be authorized: see `isPeerTaken`. */
export function tlsServerOptions(material: TlsMaterial) {
  return { ...secureContextOptions(material), ...demandOf(material), handshakeTimeout: HANDSHAKE_MS_MAX } as const;
}

/** What a server that listens already can be given anew. */
export function secureContextOptions({ cert, key, clientCa, clientAuth, clientCrl }: TlsMaterial) {
  const authorities =
    clientCa === undefined || clientAuth === 'any' ? {} : { ca: clientCa, ...(clientCrl === undefined ? {} : { crl: clientCrl }) };
  return { cert, key, ...authorities, minVersion: 'TLSv1.2', ciphers: CIPHERS } as const;
}

function demandOf({ clientCa, clientAuth = 'required' }: TlsMaterial) {
  if (clientAuth === 'any') return { requestCert: true, rejectUnauthorized: false };
  return clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: clientAuth === 'required' };
}

/** Whether the certificate that a client showed, or that it showed none, is as the material wants it. */
export function isPeerTaken(socket: TLSSocket, { clientCa, clientAuth }: TlsMaterial): boolean {
  const isChecked = clientCa !== undefined && clientAuth !== 'any';
  return !isChecked || socket.authorized || (clientAuth === 'optional' && socket.getPeerX509Certificate() === undefined);
}

/** Throws where the material cannot be used. */
export function checkTls(material: TlsMaterial): void {
  createSecureContext(secureContextOptions(material));
  if (new X509Certificate(material.cert).checkPrivateKey(createPrivateKey(material.key))) return;
  throw new Error('the key is not that of the certificate');
}
