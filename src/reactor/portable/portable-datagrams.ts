import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import {
  DATAGRAM_AT_ADDRESS,
  DATAGRAM_AT_FAMILY,
  DATAGRAM_AT_PORT,
  DATAGRAM_BYTES_MAX,
  DATAGRAM_HEADER_BYTES,
} from '../../../assembly/abi/gateway.js';
import { authority } from '../../contract/host-address.js';
import { addressBytes } from '../../sockets/address-bytes.js';

/** Takes a datagram of the socket with this number: its peer's header, and its bytes. */
export type TakeDatagram = (socket: number, header: Buffer, bytes: Buffer) => void;

/** The sockets of datagrams of a portable reactor. */
export class PortableDatagrams {
  readonly #take: TakeDatagram;
  readonly #sockets: Socket[] = [];

  constructor(take: TakeDatagram) {
    this.#take = take;
  }

  async listen(host: string, port: number): Promise<number> {
    const { address, family } = await lookup(host).catch((error: Error) => {
      throw new Error(`cannot listen on ${authority(host, port)}: ${error.message}`);
    });
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => reject(new Error(`cannot listen on ${authority(host, port)}: ${error.message}`)));
      socket.bind(port, address, resolve);
    });
    socket.removeAllListeners('error').on('error', () => {}); // A peer that cannot be reached.
    const number = this.#sockets.push(socket) - 1;
    socket.on('message', (bytes, peer) => {
      if (bytes.length <= DATAGRAM_BYTES_MAX) this.#take(number, headerOf(peer), bytes);
    });
    return socket.address().port;
  }

  /** Sends the bytes after a header to the peer that the header names. */
  send(number: number, datagram: Buffer): void {
    const port = datagram.readUInt16LE(DATAGRAM_AT_PORT);
    const bytes = Buffer.from(datagram.subarray(DATAGRAM_HEADER_BYTES));
    this.#sockets[number]?.send(bytes, port, addressIn(datagram), () => {});
  }

  close(): void {
    for (const socket of this.#sockets.splice(0)) socket.close();
  }
}

/** assembly/abi/gateway.ts has the layout. */
function headerOf({ family, address, port }: RemoteInfo): Buffer {
  const header = Buffer.alloc(DATAGRAM_HEADER_BYTES);
  header.writeUInt16LE(family === 'IPv6' ? 6 : 4, DATAGRAM_AT_FAMILY);
  header.writeUInt16LE(port, DATAGRAM_AT_PORT);
  header.set(addressBytes(address), DATAGRAM_AT_ADDRESS);
  return header;
}

function addressIn(header: Buffer): string {
  const at = DATAGRAM_AT_ADDRESS;
  if (header.readUInt16LE(DATAGRAM_AT_FAMILY) !== 6) return header.subarray(at, at + 4).join('.');
  return Array.from({ length: 8 }, (_, group) => header.readUInt16BE(at + 2 * group).toString(16)).join(':');
}
