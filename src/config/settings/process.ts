import { choice, matching, path, setting, type ValuesOf, whole } from '../setting.js';

/** What a process does; one that does all of it is an appliance of its own. */
export type Role = (typeof roleNames)[number];

const roleNames = ['gateway', 'pipeline', 'control'] as const;
const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

/** The process itself: where its state is, what it does, how much it reports. */
export const processSettings = {
  stateFolder: setting('state', path, {
    fallback: '.spillway',
    what: "Folder of the log, the embedded database and the admin key, for one process at a time and with mode 0700. In a file it starts at the file's folder.",
  }),
  adminKey: setting(
    'admin_key',
    {
      ...matching(/^[\x21-\x7e]{1,256}$/, 'must be printable ASCII without spaces', '1 to 256 printable ASCII characters without spaces'),
      is: 'secret',
    },
    { shownDefault: 'made at first start', what: 'First admin key; the made one is kept in `<state>/admin-key`.' },
  ),
  secretsKey: setting(
    'secrets_key',
    {
      ...matching(/^[A-Za-z0-9+/]{43}=$/, 'must be 32 bytes in base64', '32 random bytes in base64: openssl rand -base64 32'),
      is: 'secret',
    },
    {
      shownDefault: 'made at first start',
      what: 'Key under which secrets are sealed that Spillway has to read again, such as keys of TLS-PSK; the made one is kept in `<state>/secrets-key`. Every process of a deployment needs the same.',
    },
  ),
  roles: setting(
    'roles',
    matching(
      /^(gateway|pipeline|control)(,(gateway|pipeline|control))*$/,
      'has an unknown role in its list',
      'gateway, pipeline and control, some of them with commas between',
    ),
    {
      fallback: roleNames.join(','),
      what: 'What this process does: serve devices, decode and store, API and console. Other than all of it takes a Kafka log and `SPILLWAY_DATABASE_URL`.',
    },
  ),
  nodeName: setting(
    'node_name',
    matching(/^[\x21-\x7e]{1,64}$/, 'must be printable ASCII without spaces', '1 to 64 printable ASCII characters without spaces'),
    {
      shownDefault: 'the host name',
      what: 'What this machine is called in alerts and in the ledger of several processes. In a container the host name says little.',
    },
  ),
  stopSeconds: setting('stop_seconds', whole(1, 3600, 'seconds'), {
    fallback: 15,
    what: 'How long a stop may take to store what was taken in; the rest stays in the log for the next start. Give the supervisor 10 s more before it kills.',
  }),
  logLevel: setting('log_level', choice(...levels), {
    fallback: 'info',
    what: 'How much is logged: fatal, error, warn, info, debug or trace.',
  }),
};

export type ProcessConfig = ValuesOf<typeof processSettings>;

/** The roles of this process. */
export function rolesOf({ roles }: { readonly roles?: unknown }): ReadonlySet<Role> {
  return new Set(String(roles).split(',') as Role[]);
}

/** Whether this process is a part of a deployment and not all of it. */
export function isPart(settings: { readonly roles?: unknown }): boolean {
  const roles = rolesOf(settings);
  return !roleNames.every((role) => roles.has(role));
}
