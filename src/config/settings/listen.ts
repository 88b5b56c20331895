import { isIP } from 'node:net';
import type { GatewayPorts } from '../../contract/threads/gateway.js';
import { choice, matching, pem, port, setting, text, type ValuesOf, whole } from '../setting.js';
import type { Values } from '../values.js';

/** Whether the text is a list of addresses and ranges of them. */
const networkList = text('addresses such as 10.0.0.5, and ranges such as 10.0.0.0/8, with commas between them', (value) =>
  value.split(',').every(isNetwork),
);

function isNetwork(range: string): boolean {
  const [address = '', bits, ...more] = range.split('/');
  const family = isIP(address);
  const isLength = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
  return family !== 0 && !address.includes('%') && isLength && more.length === 0;
}

const hostName = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)$/;

/** Where devices and operators connect. */
export const listenSettings = {
  bind: setting('bind', matching(hostName, 'must be an address', 'an IP address or host name'), {
    fallback: '127.0.0.1',
    what: 'Address to listen on. Only the ports with TLS (`SPILLWAY_MQTTS_PORT`, `SPILLWAY_MQTT_WSS_PORT`, `SPILLWAY_HTTPS_PORT`) belong on a network that you do not trust.',
  }),
  mqttPort: setting('mqtt_port', port, { fallback: 1883, what: 'MQTT over TCP. Ports may be 0: any free one.' }),
  mqttsPort: setting('mqtts_port', port, {
    what: 'MQTT over TLS 1.2 and 1.3; takes `SPILLWAY_TLS_CERT` and `SPILLWAY_TLS_KEY` along.',
  }),
  mqttWsPort: setting('mqtt_ws_port', port, {
    what: 'MQTT over WebSockets, at `ws://HOST:PORT/mqtt`.',
  }),
  mqttWssPort: setting('mqtt_wss_port', port, {
    what: 'MQTT over WebSockets over TLS; takes `SPILLWAY_TLS_CERT` and `SPILLWAY_TLS_KEY` along.',
  }),
  coapPort: setting('coap_port', port, {
    what: 'CoAP over UDP, 5683 by its registration; see [COAP.md](COAP.md). Without it there is none.',
  }),
  coapsPort: setting('coaps_port', port, {
    what: 'CoAP over DTLS 1.2, 5684 by its registration, for devices with `psk` or `x509` credentials; see [COAP.md](COAP.md). It needs the native reactor; suites with certificates need `SPILLWAY_TLS_CERT` and `SPILLWAY_TLS_KEY`.',
  }),
  proxyFrom: setting('proxy_from', networkList, {
    what: 'Addresses and ranges, with commas between them, of proxies that begin each connection with a PROXY header (version 1 or 2), on every port of devices and of HTTP. Limits by address count the peer that the header names. A listed proxy without a header is refused; a header from elsewhere is never read.',
  }),
  mqttRefusedPublish: setting('mqtt_refused_publish', choice('keep', 'disconnect'), {
    fallback: 'keep',
    what: 'What an MQTT 3.1.1 client gets that publishes what it may not, for its protocol has no answer that refuses one message. `keep`: it is acknowledged, and the message is a dead letter (`topic_not_taken`); where its size or an inactive device is the reason it is dropped and counted; where its device is not registered the connection is closed all the same. `disconnect`: its connection is closed, and most clients send the same message again.',
  }),
  mqttKeepAliveMax: setting('mqtt_keep_alive_max', whole(0, 65_535, 'seconds'), {
    fallback: 3600,
    what: 'Longest keep-alive of an MQTT 5 client. One that asks for a longer one, or for none, is told to use this one (Server Keep Alive), and its connection ends after one and a half of it without a packet. 0: every client has what it asks for, as those of MQTT 3.1.1 always have, for they cannot be told.',
  }),
  tlsCert: setting('tls_cert', pem, { what: 'PEM file: the certificate of the TLS port, followed by those that vouch for it.' }),
  tlsKey: setting('tls_key', pem, { what: 'PEM file: its private key.' }),
  tlsClientCa: setting('tls_client_ca', pem, {
    what: 'PEM file: authorities of client certificates; given, a client without one is turned away.',
  }),
  httpPort: setting('http_port', port, {
    fallback: 8080,
    what: 'API, console, HTTP ingest, and MQTT over WebSockets at `/mqtt`, for which `SPILLWAY_MQTT_WS_PORT` costs less.',
  }),
  httpsPort: setting('https_port', port, {
    what: 'The same over TLS 1.2 and 1.3; takes `SPILLWAY_TLS_CERT` and `SPILLWAY_TLS_KEY` along, and asks no client for a certificate.',
  }),
  httpPlain: setting('http_plain', choice('on', 'loopback'), {
    fallback: 'on',
    what: 'Who reaches `SPILLWAY_HTTP_PORT`, which has no TLS. `on`: everybody who reaches `SPILLWAY_BIND`. `loopback`: only this machine, for its commands and probes; all others need `SPILLWAY_HTTPS_PORT`.',
  }),
  httpServer: setting('http_server', choice('node', 'uws', 'auto'), {
    fallback: 'node',
    what: "`node`, `uws` or `auto`: what serves HTTP. `auto` takes the fastest server that passes every HTTP test, which is Node's own. No build of uWebSockets.js passes them: with `uws` Node's own serves too, and the event `http-server-substituted` says why.",
  }),
  httpConnections: setting('http_connections', whole(16, 1_000_000), {
    fallback: 2000,
    what: 'Connections that the HTTP port may have, at most a quarter of the open files that are left. When they are taken, a newcomer takes the place of the one that has been without a request for longest.',
  }),
  unauthenticatedPerAddress: setting('unauthenticated_per_address', whole(1, 1_000_000), {
    fallback: 1000,
    what: 'Connections of one address (IPv6: of one /64) that have not authenticated, on the HTTP port and on each gateway thread. Those that have do not count, so devices behind one address are not limited.',
  }),
  gateways: setting('gateways', whole(1, 16), {
    fallback: 1,
    what: '1 to 16 threads that serve device connections; more than one needs the native reactor.',
  }),
  reactor: setting('reactor', choice('auto', 'native', 'portable'), {
    fallback: 'auto',
    what: 'What reads the sockets of devices: `native` (Linux, built by `npm ci` where cargo is), `portable` (anywhere), or `auto`: native where it was built.',
  }),
};

export type ListenConfig = ValuesOf<typeof listenSettings>;

/** The ports of devices that are wanted, and one through which the HTTP port reaches the gateways. */
export function gatewayPorts({ mqttPort, mqttsPort, mqttWsPort, mqttWssPort, coapPort, coapsPort }: ListenConfig): GatewayPorts {
  return {
    mqtt: mqttPort,
    ...(mqttsPort === undefined ? {} : { mqtts: mqttsPort }),
    ...(mqttWsPort === undefined ? {} : { ws: mqttWsPort }),
    ...(mqttWssPort === undefined ? {} : { wss: mqttWssPort }),
    ...(coapPort === undefined ? {} : { coap: coapPort }),
    ...(coapsPort === undefined ? {} : { coaps: coapsPort }),
    bridge: 0,
  };
}

/** Where HTTP without TLS listens. */
export function plainHttpBind({ bind, httpPlain }: ListenConfig): string {
  return httpPlain === 'loopback' ? '127.0.0.1' : bind;
}

export function proxiesOf({ proxyFrom }: ListenConfig): string[] {
  return proxyFrom?.split(',') ?? [];
}

/** What these settings say of each other. */
export function listenProblems({ listen }: Values): string[] {
  return [...tlsProblems(listen), ...portProblems(listen), ...datagramProblems(listen)];
}

const NO_HTTP =
  'cannot use setting http_plain = loopback without https_port: nobody else could reach the API; set https_port, or leave it out';
const TLS_PORTS = 'mqtts_port, mqtt_wss_port, https_port, coaps_port';

function tlsProblems({
  mqttsPort,
  mqttWssPort,
  httpsPort,
  coapsPort,
  httpPlain,
  tlsCert,
  tlsKey,
  tlsClientCa,
}: Values['listen']): string[] {
  const problems: string[] = [];
  const missing = (name: string, because: string) =>
    problems.push(
      `cannot use setting ${because} without ${name}; allowed: tls_cert, tls_key and at least one of ${TLS_PORTS} together, or none`,
    );
  const isWanted = [mqttsPort, mqttWssPort, httpsPort, coapsPort].some((port) => port !== undefined);
  if (mqttsPort !== undefined && tlsCert === undefined) missing('tls_cert', 'mqtts_port');
  if (mqttWssPort !== undefined && tlsCert === undefined) missing('tls_cert', 'mqtt_wss_port');
  if (httpsPort !== undefined && tlsCert === undefined) missing('tls_cert', 'https_port');
  if (httpPlain === 'loopback' && httpsPort === undefined) problems.push(NO_HTTP);
  if (tlsCert !== undefined && tlsKey === undefined) missing('tls_key', 'tls_cert');
  if (tlsKey !== undefined && tlsCert === undefined) missing('tls_cert', 'tls_key');
  if (tlsCert !== undefined && !isWanted) missing(TLS_PORTS, 'tls_cert');
  if (tlsClientCa !== undefined && tlsCert === undefined) missing('tls_cert', 'tls_client_ca');
  return problems;
}

function portProblems({ mqttPort, mqttsPort, mqttWsPort, mqttWssPort, httpPort, httpsPort }: Values['listen']): string[] {
  const ports = [
    ['mqtt_port', mqttPort],
    ['http_port', httpPort],
    ['https_port', httpsPort],
    ['mqtts_port', mqttsPort],
    ['mqtt_ws_port', mqttWsPort],
    ['mqtt_wss_port', mqttWssPort],
  ] as const;
  return ports.flatMap(([name, value], at) => {
    const taken = value === undefined || value === 0 ? undefined : ports.slice(0, at).find(([, other]) => other === value);
    return taken ? [`cannot use setting ${name}: ${String(value)} is also the ${taken[0]}; give each a port of its own, or 0`] : [];
  });
}

/** Ports of UDP are others than those of TCP. */
function datagramProblems({ coapPort, coapsPort, reactor }: Values['listen']): string[] {
  const problems: string[] = [];
  if (coapsPort !== undefined && coapsPort !== 0 && coapsPort === coapPort) {
    problems.push(`cannot use setting coaps_port: ${coapsPort} is also the coap_port; give each a port of its own, or 0`);
  }
  if (coapsPort !== undefined && reactor === 'portable') {
    problems.push(
      'cannot use setting coaps_port with reactor = portable: it has no DTLS; set reactor to auto or native, or leave coaps_port out',
    );
  }
  return problems;
}
