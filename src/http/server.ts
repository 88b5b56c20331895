import type { ListenConfig } from '../config/settings/listen.js';
import type { TlsMaterial } from '../contract/tls-material.js';
import { ConnectionLimits, type ConnectionRules } from './connection-limits.js';
import { HttpApp, type HttpAppOptions } from './http-app.js';
import { MqttBridge } from './mqtt-bridge.js';
import { type ListenOptions, listenNode, type ServerAdapter } from './node-server.js';

export interface HttpOptions extends HttpAppOptions, Pick<ListenOptions, 'bind' | 'port' | 'headMsMax' | 'proxies'> {
  /** What the operator asked for. Node's own server is the only one that passes every HTTP test, so it serves in any case. */
  readonly server?: ListenConfig['httpServer'];
  /** Of all ports together. */
  readonly connections: ConnectionRules;
  /** A second port, over TLS. */
  readonly https?: { readonly bind: string; readonly port: number; readonly tls: TlsMaterial } | undefined;
  /** Where the gateways take WebSockets that were opened here; undefined: nowhere. */
  readonly mqttPort?: () => number | undefined;
}

const WHY_NO_UWS = 'every build of uWebSockets.js closes pipelined requests without an answer, also for a message that it has taken in';

export interface HttpServer {
  readonly port: number;
  /** Absent: there is none. */
  readonly httpsPort?: number | undefined;
  /** Connections over TLS that come from now on are shown this material; it holds together. */
  renewTls(material: TlsMaterial): void;
  /** Takes no more calls, lets the running ones end, then closes every connection. */
  close(): Promise<void>;
}

/** Opens the API, the live view and the console; rejects when a port cannot be had. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const app = new HttpApp(options);
  const { https, mqttPort = () => undefined, connections, ...common } = options;
  const limits = new ConnectionLimits(connections);
  const shared = { ...common, limits, mqtt: new MqttBridge(mqttPort, limits.halfMax) };
  const adapters: ServerAdapter[] = [await listenNode(app, { ...shared, setting: 'SPILLWAY_HTTP_PORT' })];
  const close = async () => {
    for (const adapter of adapters) adapter.unlisten();
    await app.close();
    await Promise.all(adapters.map((adapter) => adapter.close()));
  };
  try {
    if (https) adapters.push(await listenNode(app, { ...shared, ...https, setting: 'SPILLWAY_HTTPS_PORT' }));
  } catch (error) {
    await close();
    throw error;
  }
  if (options.server === 'uws') options.log.warn({ asked: 'uws', server: 'node:http', cause: WHY_NO_UWS }, 'http-server-substituted');
  const [port = 0, httpsPort] = adapters.map((adapter) => adapter.port);
  options.log.info({ server: 'node:http', port, ...(https ? { httpsPort } : {}) }, 'http-server-listens');
  const renewTls = (material: TlsMaterial) => {
    for (const adapter of adapters) adapter.renewTls(material);
  };
  return { port, httpsPort, renewTls, close };
}
