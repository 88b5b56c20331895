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

/** What a TLS server of this process is made with. With `clientCa` clients have to show a certificate of one of its authorities. */
export function tlsServerOptions({ cert, key, clientCa }: TlsMaterial) {
  const demand = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true };
  return { cert, key, ...demand, minVersion: 'TLSv1.2', ciphers: CIPHERS, handshakeTimeout: HANDSHAKE_MS_MAX } as const;
}
