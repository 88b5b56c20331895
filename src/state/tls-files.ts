import { readFileSync } from 'node:fs';
import type { ListenConfig } from '../config/settings/listen.js';
import type { TlsListener } from '../contract/threads/gateway.js';

/** What MQTT over TLS listens with; undefined: it is not wanted. The files were found readable when the settings were read. */
export function tlsListener({ mqttsPort, tlsCert, tlsKey, tlsClientCa }: ListenConfig): TlsListener | undefined {
  if (mqttsPort === undefined || tlsCert === undefined || tlsKey === undefined) return undefined;
  const authorities = tlsClientCa === undefined ? {} : { clientCa: readFileSync(tlsClientCa, 'utf8') };
  return { port: mqttsPort, cert: readFileSync(tlsCert, 'utf8'), key: readFileSync(tlsKey, 'utf8'), ...authorities };
}
