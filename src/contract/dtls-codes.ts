import {
  CODE_DTLS_CERTIFICATE_REFUSED,
  CODE_DTLS_ENDED_BY_CLIENT,
  CODE_DTLS_EXHAUSTED,
  CODE_DTLS_HANDSHAKE_FAILED,
  CODE_DTLS_IDENTITY_UNKNOWN,
  CODE_DTLS_KEY_WRONG,
  CODE_DTLS_SUITE_UNSUPPORTED,
  CODE_DTLS_TIMED_OUT,
} from '../../assembly/abi/codes.js';
import type { RefusalCode } from './refusal-code.js';

/** Why a handshake of DTLS fails. The alert that the client gets tells it less. */
export const dtlsCodes: readonly RefusalCode[] = [
  {
    number: CODE_DTLS_HANDSHAKE_FAILED,
    name: 'dtls_handshake_failed',
    cause: 'a client of the DTLS port breaks a rule of the handshake, or its signature is wrong',
    wayOut: 'check that it speaks DTLS 1.2, and that its private key is that of its certificate',
  },
  {
    number: CODE_DTLS_SUITE_UNSUPPORTED,
    name: 'dtls_suite_unsupported',
    cause: 'a client has no version or cipher suite of DTLS that is spoken here',
    wayOut: 'see the suites in COAP.md; suites with certificates need tls_cert and tls_key',
  },
  {
    number: CODE_DTLS_IDENTITY_UNKNOWN,
    name: 'dtls_identity_unknown',
    cause: 'a client names itself after no active device that has a psk credential',
    wayOut: 'let it call itself DEVICE, or TENANT/DEVICE; add a psk credential to the device',
  },
  {
    number: CODE_DTLS_KEY_WRONG,
    name: 'dtls_key_wrong',
    cause: 'a client has another key than its device',
    wayOut: 'give the client the key of the psk credential, byte by byte',
  },
  {
    number: CODE_DTLS_CERTIFICATE_REFUSED,
    name: 'dtls_certificate_refused',
    cause: 'the certificate of a client is missing, not trusted, or of no device',
    wayOut: 'add an x509 credential to the device, or see SPILLWAY_TLS_CLIENT_NAMES and tls_client_ca',
  },
  {
    number: CODE_DTLS_TIMED_OUT,
    name: 'dtls_timed_out',
    cause: 'a client did not go on with its handshake for 31 s',
    wayOut: 'look for lost datagrams: the path must carry 1,200 bytes both ways',
  },
  {
    number: CODE_DTLS_ENDED_BY_CLIENT,
    name: 'dtls_ended_by_client',
    cause: 'a client has ended its handshake by an alert',
    wayOut: 'look at its log: it may not trust the certificate of tls_cert',
  },
  {
    number: CODE_DTLS_EXHAUSTED,
    name: 'dtls_exhausted',
    cause: 'too many handshakes go on at a time, in all (4,096 a gateway thread) or of one address',
    wayOut: 'let clients wait a random time before they begin; see SPILLWAY_UNAUTHENTICATED_PER_ADDRESS',
  },
];
