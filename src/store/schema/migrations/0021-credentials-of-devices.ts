import { inBoth, type Migration } from './migration.js';

/** In what ways a device proves who it is, beside its token. */
export const credentialsOfDevices: Migration = {
  version: 21,
  name: 'credentials of devices',
  statements: inBoth(`
    create table device_credentials (
      id int generated always as identity primary key,
      device_id int not null references devices (id),
      type text not null check (type in ('token', 'psk', 'x509', 'jwt')),
      -- SHA-256 of a certificate.
      fingerprint text,
      -- The hash of a token; the key of a PSK, sealed under the secrets key of the deployment.
      secret bytea,
      -- A public key as JWK; what a certificate says of its subject.
      shown jsonb,
      not_before timestamptz,
      expires_at timestamptz,
      created_at timestamptz not null default now(),
      revoked_at timestamptz
    );
    create index device_credentials_by_device on device_credentials (device_id) where revoked_at is null;
    -- A certificate says who one device is.
    create unique index device_credentials_fingerprint on device_credentials (fingerprint) where revoked_at is null;
  `),
};
