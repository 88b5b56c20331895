import { fileProblems, port, portAllowed, type Setting, setting, text, type Values } from '../setting.js';

/** MQTT over TLS. */
export const tlsSettings: readonly Setting[] = [
  setting('mqttsPort', 'mqtts_port', port, undefined, portAllowed, 'Port of MQTT over TLS; absent: none.'),
  setting('tlsCert', 'tls_cert', text, undefined, 'a PEM file', 'Certificate of the TLS port, followed by those that vouch for it.'),
  setting('tlsKey', 'tls_key', text, undefined, 'a PEM file', 'Private key of that certificate.'),
  setting(
    'tlsClientCa',
    'tls_client_ca',
    text,
    undefined,
    'a PEM file',
    'Authorities of client certificates; given, a client without one is turned away.',
  ),
];

/** What the TLS settings say of each other, and whether their files can be read. */
export function tlsProblems(config: Values): string[] {
  const problems: string[] = [];
  const isSet = (key: string) => config[key] !== undefined;
  const missing = (name: string, because: string) =>
    problems.push(`cannot use setting ${because} without ${name}; allowed: mqtts_port, tls_cert and tls_key together, or none`);
  if (isSet('mqttsPort') && !isSet('tlsCert')) missing('tls_cert', 'mqtts_port');
  if (isSet('tlsCert') && !isSet('tlsKey')) missing('tls_key', 'tls_cert');
  if (isSet('tlsKey') && !isSet('tlsCert')) missing('tls_cert', 'tls_key');
  if (isSet('tlsCert') && !isSet('mqttsPort')) missing('mqtts_port', 'tls_cert');
  if (isSet('tlsClientCa') && !isSet('tlsCert')) missing('tls_cert', 'tls_client_ca');
  problems.push(...fileProblems(config, { tlsCert: 'tls_cert', tlsKey: 'tls_key', tlsClientCa: 'tls_client_ca' }));
  for (const [key, name] of [
    ['mqttPort', 'mqtt_port'],
    ['httpPort', 'http_port'],
  ] as const) {
    if (isSet('mqttsPort') && config.mqttsPort !== 0 && config.mqttsPort === config[key]) {
      problems.push(`cannot use setting mqtts_port: ${String(config.mqttsPort)} is also the ${name}; give each a port of its own, or 0`);
    }
  }
  return problems;
}
