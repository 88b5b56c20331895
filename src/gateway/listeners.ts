import { TRANSPORT_HTTP, TRANSPORT_MQTT, TRANSPORT_MQTTS, TRANSPORT_WS, TRANSPORT_WSS } from '../../assembly/abi/gateway.js';
import type { GatewayPorts, GatewayStart } from '../contract/threads/gateway.js';
import type { AssociationHost, ListenOptions, Reactor } from '../reactor/reactor.js';

type Transport = Exclude<keyof GatewayPorts, 'coap' | 'coaps'>;

const LOOPBACK = '127.0.0.1';

/** Listens on every port that is wanted, and answers those that it got. */
export async function listenAll(
  reactor: Reactor,
  start: GatewayStart,
  wanted: GatewayPorts,
  associations: AssociationHost,
): Promise<GatewayPorts> {
  const { bind, tls, index, proxies } = start;
  const isShared = index > 0; // The first gateway has the ports, the others join it there.
  const options: Readonly<Record<Transport, ListenOptions>> = {
    mqtt: { proxies, transport: TRANSPORT_MQTT },
    mqtts: { proxies, tls, transport: TRANSPORT_MQTTS },
    ws: { proxies, isWebSocket: true, transport: TRANSPORT_WS },
    wss: { proxies, tls, isWebSocket: true, transport: TRANSPORT_WSS },
    // The HTTP server passes on the addresses of its clients as a proxy does.
    bridge: { proxies: [LOOPBACK], isWebSocket: true, transport: TRANSPORT_HTTP },
  };
  const got: Partial<Record<Transport, number>> = {};
  const { coap, coaps, ...connections } = wanted;
  for (const [transport, port] of Object.entries(connections) as [Transport, number][]) {
    const host = transport === 'bridge' ? LOOPBACK : bind;
    got[transport] = await reactor.listen(host, port, { ...options[transport], isShared });
  }
  const ofCoap = coap === undefined ? {} : { coap: await reactor.listenDatagrams(bind, coap, isShared) };
  const ofCoaps = coaps === undefined ? {} : { coaps: await reactor.listenDtls(bind, coaps, { isShared, tls, host: associations }) };
  return { ...wanted, ...got, ...ofCoap, ...ofCoaps };
}
