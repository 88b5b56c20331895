import { namePattern } from '../../contract/identity/certificate-names.js';
import { choice, pem, setting, text, type ValuesOf } from '../setting.js';
import type { Values } from '../values.js';

/** How devices prove who they are, beside their tokens. */
export const identitySettings = {
  tlsClientAuth: setting('tls_client_auth', choice('required', 'optional', 'any'), {
    fallback: 'required',
    what: 'Whether clients have to show a certificate on ports with TLS. `required` and `optional` take those of `SPILLWAY_TLS_CLIENT_CA` alone, and do nothing without it; `any` takes every certificate, so that it counts by its fingerprint alone.',
  }),
  tlsClientCrl: setting('tls_client_crl', pem, {
    what: 'PEM file: revocation lists of the authorities of client certificates. It is read again when it changes.',
  }),
  tlsClientNames: setting(
    'tls_client_names',
    text('patterns such as cn:{device} or dns:{device}.{tenant}.example.org, with commas between them', (value) =>
      value.split(',').every((pattern) => namePattern(pattern) !== undefined),
    ),
    {
      what: 'Which name in a certificate of those authorities is that of its device: `cn:`, `dns:`, `uri:` or `email:` and a text with `{device}` and, where the tenant is another than `default`, `{tenant}`. None: a certificate counts by its fingerprint alone.',
    },
  ),
};

export type IdentityConfig = ValuesOf<typeof identitySettings>;

/** The patterns of the setting. */
export function certificateNames({ tlsClientNames }: IdentityConfig): string[] {
  return tlsClientNames?.split(',') ?? [];
}

/** What these settings say of others. */
export function identityProblems({ identity, listen }: Values): string[] {
  const { tlsClientAuth, tlsClientCrl, tlsClientNames } = identity;
  const isChecked = listen.tlsClientCa !== undefined && tlsClientAuth !== 'any';
  const given = [
    ['tls_client_names', tlsClientNames],
    ['tls_client_crl', tlsClientCrl],
  ] as const;
  const problems = given.flatMap(([name, value]) => {
    const cause = `cannot use setting ${name} without tls_client_ca, or with tls_client_auth any: anybody could make such a certificate`;
    return value === undefined || isChecked ? [] : [cause];
  });
  const isAlone = tlsClientAuth !== 'required' && listen.tlsCert === undefined;
  return isAlone ? [...problems, 'cannot use setting tls_client_auth without tls_cert; allowed: required, or ports with TLS'] : problems;
}
