import type { EventTable } from '../telemetry/events.js';

/** Events of the HTTP server. */
export const httpEvents = {
  'http-server-listens': { level: 'info', happened: 'the API, the console and HTTP ingest are served on `port`', action: 'nothing' },
  'http-server-substituted': {
    level: 'warn',
    happened: '`SPILLWAY_HTTP_SERVER` asks for a server that is not offered (`cause`); `node:http` serves instead',
    action: 'set it to `node` or `auto`, or leave it out',
  },
  'tls-on-plain-port': {
    level: 'warn',
    happened:
      '`connections` clients, the last of them at `address`, began a TLS handshake on the HTTP port, which has no TLS; reported once a minute at most',
    action: 'give that client an `http://` address, or the port of `SPILLWAY_HTTPS_PORT`',
  },
} as const satisfies EventTable;
