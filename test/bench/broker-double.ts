import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { generate, type IConnectPacket, type Packet, parser } from 'mqtt-packet';

export interface BrokerFaults {
  /** The return code of every CONNACK. */
  readonly refuse?: number;
  /** Messages after which a connection is closed, or gets a PUBACK for another message. */
  readonly closeAfter?: number;
  readonly wrongId?: number;
  /** Nothing is answered for so long once the first message has come. */
  readonly stallMs?: number;
  readonly connectionsMax?: number;
}

/** A broker that keeps what it gets, at QoS 0, 1 and 2, and misbehaves as told. */
export async function startBroker(faults: BrokerFaults = {}) {
  const broker = { port: 0, connects: [] as IConnectPacket[], messages: [] as { topic: string; payload: string }[], completed: 0 };
  const sockets = new Set<Socket>();
  let stall: Promise<void> | undefined;
  const server = createServer((socket) => {
    if (sockets.size >= (faults.connectionsMax ?? Number.POSITIVE_INFINITY)) return void socket.destroy();
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    let taken = 0;
    const answer = async (packet: Packet) => {
      if (stall) await stall;
      if (!socket.destroyed) socket.write(generate(packet));
    };
    const packets = parser({ protocolVersion: 4 });
    packets.on('packet', (packet) => {
      if (packet.cmd === 'connect') {
        broker.connects.push(packet);
        answer({ cmd: 'connack', returnCode: faults.refuse ?? 0, sessionPresent: false });
      } else if (packet.cmd === 'publish') {
        taken++;
        if (faults.stallMs !== undefined) stall ??= delay(faults.stallMs);
        if (taken === faults.closeAfter) return void socket.destroy();
        broker.messages.push({ topic: packet.topic, payload: String(packet.payload) });
        const messageId = taken === faults.wrongId ? 9 : packet.messageId!;
        if (packet.qos === 1) broker.completed++;
        if (packet.qos > 0) answer({ cmd: packet.qos === 1 ? 'puback' : 'pubrec', messageId });
      } else if (packet.cmd === 'pubrel') {
        broker.completed++;
        answer({ cmd: 'pubcomp', messageId: packet.messageId! });
      } else if (packet.cmd === 'pingreq') answer({ cmd: 'pingresp' });
    });
    socket.on('data', (chunk) => packets.parse(chunk));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  broker.port = (server.address() as AddressInfo).port;
  return Object.assign(broker, {
    stop: () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        for (const socket of sockets) socket.destroy();
      }),
  });
}
