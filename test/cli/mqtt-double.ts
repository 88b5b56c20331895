import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { generate, type IConnectPacket, parser } from 'mqtt-packet';
import type { FleetDouble } from './http-double.js';

/** The part of MQTT that simulated devices use, over real TCP. */
export async function startMqttDouble(fleet: FleetDouble, port: number): Promise<{ server: Server; port: number; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    serve(fleet, socket);
  });
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  return { server, port: (server.address() as AddressInfo).port, sockets };
}

function serve(fleet: FleetDouble, socket: Socket): void {
  const packets = parser();
  let connect: IConnectPacket | undefined;
  const options = () => ({ protocolVersion: connect?.protocolVersion ?? 5 });
  packets.on('packet', (packet) => {
    if (packet.cmd === 'connect') {
      connect = packet;
      const admitted = fleet.admits(packet.username ?? '', packet.clientId, String(packet.password));
      // Bad user name or password: 134. MQTT 5 §3.2.2.2.
      const refused = admitted ? 0 : 134;
      socket.write(generate({ cmd: 'connack', reasonCode: refused, returnCode: refused, sessionPresent: false }, options()));
      if (!admitted) socket.end();
    } else if (packet.cmd === 'publish') {
      fleet.take(connect?.username ?? '', packet.topic.split('/')[1] ?? '', packet.payload.toString());
      if (packet.qos === 1) socket.write(generate({ cmd: 'puback', messageId: packet.messageId!, reasonCode: 0 }, options()));
    } else if (packet.cmd === 'pingreq') {
      socket.write(generate({ cmd: 'pingresp' }));
    }
  });
  socket.on('data', (chunk) => packets.parse(chunk));
}
