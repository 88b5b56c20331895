import assert from 'node:assert/strict';
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import {
  DATAGRAM_BYTES_MAX,
  DATAGRAM_HEADER_BYTES,
  EVENT_AT_CONNECTION,
  EVENT_AT_CONSUMED,
  EVENT_AT_KIND,
  EVENT_AT_LENGTH,
  EVENT_AT_NEEDED,
  EVENT_AT_OFFSET,
  EVENT_BYTES,
  EVENT_DATA,
  EVENT_DATAGRAM,
  EVENT_ENDED,
  EVENT_OPENED,
  EVENTS_OFFSET,
  READ_BYTES,
  READ_OFFSET,
  SEND_AT_CONNECTION,
  SEND_AT_LENGTH,
  SEND_AT_OFFSET,
  SEND_BYTES,
  SEND_DATA_BYTES,
  SEND_DATA_OFFSET,
  SENDS_OFFSET,
} from '../../assembly/abi/gateway.js';
import { CONNECTIONS_MAX, MIB } from '../../assembly/abi/limits.js';
import type { ReactorChoice } from '../../src/contract/threads/gateway.js';
import { Doorbell } from '../../src/host/doorbell.js';
import { KernelMemory, kernelMemory } from '../../src/host/kernel.js';
import { chooseReactor, openReactor } from '../../src/reactor/open-reactor.js';
import type { Reactor } from '../../src/reactor/reactor.js';
import { until } from '../support/until.js';

/** test/run.ts runs the suites over both. */
const reactorUnderTest = (process.env.REACTOR ?? 'auto') as ReactorChoice;

/** What was written to a loopback address before has arrived by then. */
const ARRIVED_MS = 30;

/** Stands in for the kernel: takes what `take` says and writes down what it saw. */
class Recorder {
  readonly memory = new KernelMemory(kernelMemory(SEND_DATA_OFFSET + SEND_DATA_BYTES));
  readonly seen: string[] = [];
  readonly data = new Map<number, Buffer[]>();
  presented = 0;
  turns = 0;
  refused = 0;
  /** Answers consumed and needed for an event's bytes. */
  take: (bytes: Buffer) => [consumed: number, needed: number] = (bytes) => [bytes.length, 0];
  /** What the kernel does when a peer sends no more. */
  peerEnded = (connection: number) => this.reactor.close(connection);
  takeDatagram: (connection: number, header: Buffer, bytes: Buffer) => void = () => {};
  readonly reactor: Reactor;

  constructor() {
    this.reactor = openReactor(reactorUnderTest, {
      memory: this.memory,
      turn: (count) => this.#turn(count),
      refused: () => {
        this.refused++;
      },
    });
  }

  all(connection: number): string {
    return Buffer.concat(this.data.get(connection) ?? []).toString();
  }

  #turn(count: number): void {
    this.turns++;
    const { view } = this.memory;
    const word = (at: number) => view.getUint32(at, true);
    const withData = new Set<number>();
    for (let i = 0; i < count; i++) {
      const at = EVENTS_OFFSET + i * EVENT_BYTES;
      const connection = word(at + EVENT_AT_CONNECTION);
      const kind = word(at + EVENT_AT_KIND);
      if (kind === EVENT_DATAGRAM) {
        const datagram = Buffer.from(this.memory.slice(word(at + EVENT_AT_OFFSET), word(at + EVENT_AT_LENGTH)));
        const header = datagram.subarray(0, DATAGRAM_HEADER_BYTES);
        this.takeDatagram(connection, header, datagram.subarray(DATAGRAM_HEADER_BYTES));
        continue;
      }
      if (kind === EVENT_ENDED) {
        this.peerEnded(connection);
        continue;
      }
      if (kind !== EVENT_DATA) {
        this.seen.push(`${kind === EVENT_OPENED ? 'opened' : 'closed'} ${connection}`);
        continue;
      }
      assert.ok(!withData.has(connection), 'one data event a connection and turn');
      withData.add(connection);
      const offset = word(at + EVENT_AT_OFFSET);
      const length = word(at + EVENT_AT_LENGTH);
      assert.ok(offset >= READ_OFFSET && offset + length <= READ_OFFSET + READ_BYTES);
      const bytes = Buffer.from(this.memory.slice(offset, length));
      this.presented += length;
      const [consumed, needed] = this.take(bytes);
      this.data.set(connection, [...(this.data.get(connection) ?? []), bytes.subarray(0, consumed)]);
      view.setUint32(at + EVENT_AT_CONSUMED, consumed, true);
      view.setUint32(at + EVENT_AT_NEEDED, needed, true);
    }
  }
}

const SOCKETS = '/proc/net/tcp';
/** What the kernel's table of sockets has for one on which TCP's keep-alive runs; proc_net_tcp(5). */
const KEEP_ALIVE_TIMER = '02';

/** The timer of the connection between two ports of this machine. */
function timerOf(local: number, remote: number): string | undefined {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0');
  const lines = readFileSync(SOCKETS, 'utf8').split('\n');
  const line = lines.find((each) => each.includes(`:${hex(local)} 0100007F:${hex(remote)} `));
  return line?.trim().split(/\s+/)[5]?.slice(0, 2);
}

async function datagramClient(host: string): Promise<{ socket: DatagramSocket; heard: string[] }> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const heard: string[] = [];
  socket.on('message', (bytes) => heard.push(bytes.toString()));
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  socket.unref(); // It must not keep a test alive that has failed.
  return { socket, heard };
}

describe(`the ${chooseReactor(reactorUnderTest).name} reactor`, () => {
  let recorder: Recorder;
  let port: number;
  const sockets: Socket[] = [];
  beforeEach(async () => {
    recorder = new Recorder();
    port = await recorder.reactor.listen('127.0.0.1', 0);
  });
  afterEach(async () => {
    const stopping = recorder.reactor.stop();
    for (const socket of sockets.splice(0)) socket.destroy();
    await stopping;
  });

  async function open(): Promise<Socket> {
    const socket = connectSocket({ host: '127.0.0.1', port, noDelay: true });
    socket.on('error', () => {});
    sockets.push(socket);
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    return socket;
  }

  test('delivers opened, data and closed in order, and uses the number again', async () => {
    for (let round = 0; round < 3; round++) {
      const socket = await open();
      socket.end('hello');
      await until('opened and closed', () => recorder.seen.length === 2 * (round + 1));
    }
    assert.deepEqual(recorder.seen, ['opened 0', 'closed 0', 'opened 0', 'closed 0', 'opened 0', 'closed 0']);
    assert.equal(recorder.all(0), 'hellohellohello');
  });

  test('peers that vanish are noticed by TCP', { skip: existsSync(SOCKETS) ? false : `there is no ${SOCKETS}` }, async () => {
    const { localPort } = await open();
    await until('opened', () => recorder.seen.length === 1);
    assert.equal(timerOf(port, localPort as number), KEEP_ALIVE_TIMER);
  });

  test('keeps what was not consumed and presents it with what follows', async () => {
    recorder.take = (bytes) => (bytes.length < 6 ? [0, 6] : [6, 6]);
    const socket = await open();
    for (const byte of 'abcdefghijklmnopqr') await new Promise<void>((resolve) => socket.write(byte, () => setImmediate(resolve)));
    await until('all bytes', () => recorder.all(0) === 'abcdefghijklmnopqr');
  });

  test('a sender of single bytes is presented when its bytes are enough, not at each byte', async () => {
    const needed = 3000;
    recorder.take = (bytes) => (bytes.length < needed ? [0, needed] : [bytes.length, 0]);
    const socket = await open();
    for (let i = 0; i < needed; i++) await new Promise<void>((resolve) => socket.write('x', () => setImmediate(resolve)));
    await until('all bytes', () => recorder.all(0).length === needed);
    assert.ok(recorder.presented <= 3 * needed, `${recorder.presented} bytes were presented for ${needed}`);
  });

  test('presents nothing while paused and everything afterwards, also what came before the end', async () => {
    recorder.reactor.pause('nobody');
    const socket = await open();
    const sent = 'x'.repeat(3 * MIB);
    socket.end(sent);
    const half = await open();
    half.write('ha');
    await until('both opened', () => recorder.seen.length === 2);
    recorder.reactor.wake();
    await delay(ARRIVED_MS);
    assert.equal(recorder.presented, 0);
    recorder.take = (bytes) => (bytes.length === 2 ? [0, 4] : [bytes.length, 0]);
    recorder.reactor.resume();
    await until('the end', () => recorder.seen.includes('closed 0'));
    assert.equal(recorder.all(0).length, sent.length);
    half.write('lf');
    await until('the connection that was cut off', () => recorder.all(1) === 'half');
  });

  test('pauses for those it knows, and still presents newcomers', async () => {
    const known = await open();
    known.write('known');
    await until('the first bytes', () => recorder.all(0) === 'known');
    recorder.reactor.pause('newcomers');
    known.write(' and waiting');
    recorder.take = (bytes) => (bytes.length < 4 ? [0, 4] : [bytes.length, 0]);
    const comer = await open();
    comer.write('ne');
    await until('both opened', () => recorder.seen.length === 2);
    comer.write('wcomer');
    await until('the newcomer', () => recorder.all(1) === 'newcomer');
    comer.write(' no more');
    recorder.reactor.wake();
    await delay(ARRIVED_MS);
    assert.deepEqual([recorder.all(0), recorder.all(1)], ['known', 'newcomer']);
    recorder.reactor.resume();
    await until('the rest', () => recorder.all(0) === 'known and waiting' && recorder.all(1) === 'newcomer no more');
  });

  test('takes more than the read region holds', async () => {
    const writers = await Promise.all(Array.from({ length: 4 }, open));
    for (const writer of writers) writer.end(Buffer.alloc(4 * MIB, 'y'));
    await until('all ends', () => recorder.seen.filter((entry) => entry.startsWith('closed')).length === 4);
    assert.equal(recorder.presented, 16 * MIB);
  });

  test('stops reading a peer that does not read the bytes sent to it', async () => {
    recorder.take = (bytes) => {
      recorder.reactor.sendBytes(0, Buffer.alloc(bytes.length * 4, 'z'));
      return [bytes.length, 0];
    };
    const socket = await open();
    socket.pause();
    let written = 0;
    const total = 64 * MIB;
    for (let at = 0; at < total; at += MIB) socket.write(Buffer.alloc(MIB), () => (written += MIB));
    let last = -1;
    let stillFor = 0;
    await until('a stop', () => {
      stillFor = recorder.presented === last ? stillFor + 1 : 0;
      last = recorder.presented;
      return last > 0 && stillFor === 100;
    });
    assert.ok(written < total && recorder.presented < total);
    socket.resume();
    await until('the rest', () => recorder.presented === total);
  });

  test('closes a peer that takes nothing for long, and leaves one that takes its time', async () => {
    recorder.reactor.limitUnread(300);
    // The system takes some of it for each, more on some machines than on others.
    recorder.take = (bytes) => {
      for (const id of [0, 1]) if (recorder.reactor.unread(id) < MIB) recorder.reactor.sendBytes(id, Buffer.alloc(MIB, 'z'));
      return [bytes.length, 0];
    };
    const [slow, still, third] = [await open(), await open(), await open()];
    for (const socket of [slow, still]) socket.pause();
    const reading = setInterval(() => {
      slow.read(64 * 1024);
      third.write('x');
    }, 5);
    try {
      await until('the end of the peer that does not read', () => recorder.seen.includes('closed 1'));
      assert.ok(!recorder.seen.includes('closed 0') && recorder.reactor.unread(0) > 0);
    } finally {
      clearInterval(reading);
    }
  });

  test('close sends what was sent before, and the event follows even if the peer stays', async () => {
    recorder.take = (bytes) => {
      recorder.reactor.sendBytes(0, Buffer.from('bye'));
      recorder.reactor.close(0);
      recorder.reactor.sendBytes(0, Buffer.from('never sent'));
      return [bytes.length, 0];
    };
    const socket = connectSocket({ host: '127.0.0.1', port, allowHalfOpen: true });
    sockets.push(socket);
    socket.on('error', () => {});
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    const ended = new Promise<void>((resolve) => socket.once('end', resolve));
    socket.write('x');
    await ended;
    assert.equal(heard, 'bye');
    await until('the event', () => recorder.seen.includes('closed 0'));
  });

  test('a peer that ends its side has one such event, and can be sent bytes until the kernel closes the connection', async () => {
    const ended: number[] = [];
    recorder.peerEnded = (connection) => ended.push(connection);
    const socket = connectSocket({ host: '127.0.0.1', port, allowHalfOpen: true });
    sockets.push(socket);
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    socket.end('all there is');
    await until('the end of its side', () => ended.length > 0);
    assert.equal(recorder.all(0), 'all there is');
    for (const part of ['first ', 'second']) {
      recorder.reactor.sendBytes(0, Buffer.from(part));
      await until('the part', () => heard.endsWith(part));
    }
    assert.deepEqual([recorder.seen, ended], [['opened 0'], [0]]);
    recorder.reactor.sendBytes(0, Buffer.from(' last'));
    recorder.reactor.close(0);
    await until('the event', () => recorder.seen.includes('closed 0'));
    await until('the rest', () => heard === 'first second last');
  });

  test('a peer that is gone is closed without having ended its side', async () => {
    const ended: number[] = [];
    recorder.peerEnded = (connection) => ended.push(connection);
    const socket = await open();
    socket.write('here');
    await until('the bytes', () => recorder.all(0) === 'here');
    socket.resetAndDestroy();
    await until('the event', () => recorder.seen.includes('closed 0'));
    assert.deepEqual(ended, []);
  });

  test('sends a whole table of sends in its order', async () => {
    const { bytes, view } = recorder.memory;
    const parts = ['first ', 'second ', 'third'];
    recorder.take = (seen) => {
      let data = SEND_DATA_OFFSET;
      parts.forEach((part, index) => {
        const at = SENDS_OFFSET + index * SEND_BYTES;
        bytes.set(Buffer.from(part), data);
        view.setUint32(at + SEND_AT_CONNECTION, 0, true);
        view.setUint32(at + SEND_AT_OFFSET, data, true);
        view.setUint32(at + SEND_AT_LENGTH, part.length, true);
        data += part.length;
      });
      recorder.reactor.sendTable(parts.length);
      return [seen.length, 0];
    };
    const socket = await open();
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    socket.write('x');
    await until('all parts', () => heard === parts.join(''));
  });

  test('every ring of its doorbell makes a turn, from another thread too, however soon it follows the last', async () => {
    const doorbells = Doorbell.memory(1);
    recorder.reactor.answer(new Doorbell(doorbells, 0));
    const ringer = new Worker(new URL('./ringer.js', import.meta.url), { workerData: doorbells });
    for (let round = 0; round < 500; round++) {
      const turns = recorder.turns;
      ringer.postMessage(round % 7);
      await until(`a turn after ring ${round}`, () => recorder.turns > turns);
    }
    await ringer.terminate();
  });

  for (const host of ['127.0.0.1', '::1']) {
    test(`takes datagrams on ${host} whole, with their senders, and answers each`, async () => {
      const { reactor } = recorder;
      const to = await reactor.listenDatagrams(host, 0);
      recorder.takeDatagram = (connection, header, bytes) => {
        assert.equal(connection, CONNECTIONS_MAX);
        reactor.sendBytes(connection, Buffer.concat([header, Buffer.from('echo '), bytes]));
      };
      const clients = await Promise.all(Array.from({ length: 3 }, () => datagramClient(host)));
      const sent = clients.map((_, client) => Array.from({ length: 60 }, (_, i) => (i === 7 ? '' : `${client} ${'d'.repeat(i * 60)}`)));
      // In small groups: a socket's buffer is not the reactor's to enlarge, and what finds no room there is lost.
      for (let done = 0; done < 60; done += 10) {
        for (const [index, { socket }] of clients.entries()) {
          socket.send(Buffer.alloc(DATAGRAM_BYTES_MAX + 1), to, host);
          for (const text of (sent[index] as string[]).slice(done, done + 10)) socket.send(text, to, host);
        }
        await until('the answers', () => clients.every(({ heard }) => heard.length === done + 10));
      }
      for (const [index, { heard, socket }] of clients.entries()) {
        socket.close();
        assert.deepEqual(
          heard,
          (sent[index] as string[]).map((text) => `echo ${text}`),
        );
      }
    });
  }

  test('says why it cannot listen', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const { port: taken } = blocker.address() as { port: number };
    await assert.rejects(recorder.reactor.listen('127.0.0.1', taken), new RegExp(`cannot listen on 127.0.0.1:${taken}: .*EADDRINUSE`));
    blocker.close();
  });
});
