/** The path of WebSockets for MQTT. */
export const MQTT_PATH = '/mqtt';

/** In the order of preference: that of MQTT 5 and 3.1.1 [MQTT-6.0.0-3], and that of clients of MQTT 3.1. */
const PROTOCOLS = ['mqtt', 'mqttv3.1'];

/** The subprotocol that the answer names, of those that a client offers. */
export function mqttProtocolOf(offered: Iterable<string>): string | undefined {
  const names = [...offered];
  return PROTOCOLS.find((protocol) => names.includes(protocol));
}
