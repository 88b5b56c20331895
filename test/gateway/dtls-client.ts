import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createHmac,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { until } from '../support/until.js';

const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;
const WITH_CID = 25;
const VERSION = Buffer.from([0xfe, 0xfd]);
const HELLO_VERIFY_REQUEST = 3;
const SERVER_HELLO = 2;
const SERVER_HELLO_DONE = 14;
const FINISHED = 20;
const CID_BYTES = 8;
const SUITES = { ccm8: 0xc0a8, gcm: 0x00a8, 'ecdsa-ccm8': 0xc0ae, 'ecdsa-gcm': 0xc02b } as const;
const CERTIFICATE_REQUEST = 13;
const SERVER_KEY_EXCHANGE = 12;
const ECDSA_P256_SHA256 = 0x0403;

export interface DtlsSettings {
  readonly identity: string;
  readonly key: string;
  /** Of suites with certificates: its own, PEM, and those that vouch for it; empty: it has none. And the key of the first. */
  readonly chain?: readonly string[];
  readonly privateKey?: KeyObject;
  /** Its messages come in fragments of so many bytes, the last one first. */
  readonly fragmentBytes?: number;
  /** Its last flight waits for `finish`. */
  readonly isSlow?: boolean;
  readonly suite?: keyof typeof SUITES;
  /** The connection id for records to the client; empty: it wants none, and sends the server's. Undefined: it knows nothing of them. */
  readonly cid?: Buffer;
  readonly suites?: readonly number[];
}

interface Keys {
  readonly key: Buffer;
  readonly salt: Buffer;
}

/** A client of DTLS 1.2 with a key or a certificate, from RFC 6347 and RFC 9146, by other code than the server's. */
export class DtlsClient {
  readonly messages: Buffer[] = [];
  /** Of the server's alerts, the numbers. */
  readonly alerts: number[] = [];
  /** All datagrams of the server. */
  readonly datagrams: Buffer[] = [];
  /** All datagrams that were sent. */
  readonly sent: Buffer[] = [];
  isOpen = false;
  serverCid: Buffer = Buffer.alloc(0);
  readonly #settings: DtlsSettings;
  readonly #port: number;
  readonly #random = randomBytes(32);
  #socket: Socket;
  #cookie: Buffer = Buffer.alloc(0);
  #transcript: Buffer[] = [];
  #serverRandom: Buffer = Buffer.alloc(0);
  #master: Buffer = Buffer.alloc(0);
  #client: Keys | undefined;
  #server: Keys | undefined;
  #serverPoint: Buffer = Buffer.alloc(0);
  #isAsked = false;
  #messageNumber = 0;
  #plainNumber = 0;
  #sealedNumber = 0;

  constructor(port: number, settings: DtlsSettings) {
    this.#port = port;
    this.#settings = settings;
    this.#socket = this.#open();
  }

  /** Shakes hands; settles when the server has finished, or has sent an alert. */
  async connect(): Promise<this> {
    this.hello();
    await until('the end of the handshake', () => this.isOpen || this.alerts.length > 0);
    return this;
  }

  /** Sends the first hello, or the one with the cookie. */
  hello(): void {
    const { suite = 'ccm8', suites = [SUITES[suite]], cid } = this.#settings;
    const extensions = cid ? extension(54, vector(1, cid)) : Buffer.alloc(0);
    const body = Buffer.concat([
      VERSION,
      this.#random,
      vector(1, Buffer.alloc(0)),
      vector(1, this.#cookie),
      vector(2, Buffer.concat(suites.map((number) => u16(number)))),
      vector(1, Buffer.from([0])),
      vector(2, Buffer.concat([extension(23, Buffer.alloc(0)), extensions])),
    ]);
    this.#transcript = [];
    this.#send(this.#plain(HANDSHAKE, this.#message(1, body)));
  }

  /** Sends bytes as a message. */
  send(bytes: Uint8Array): void {
    this.#send(this.#seal(APPLICATION_DATA, bytes));
  }

  close(): void {
    this.#socket.close();
  }

  /** Says that it leaves, as clients should. */
  leave(): void {
    this.#send(this.#seal(ALERT, Buffer.from([1, 0])));
  }

  /** From now on it has another address, as behind a NAT that has forgotten it. */
  move(): void {
    this.#socket.close();
    this.#socket = this.#open();
  }

  /** Sends bytes as they are. */
  raw(datagram: Uint8Array): void {
    this.#socket.send(datagram, this.#port, '127.0.0.1');
  }

  /** Sends its last flight; the first time, if it is slow, or again. */
  finish(): void {
    this.#finish();
  }

  #open(): Socket {
    const socket = createSocket('udp4');
    socket.on('message', (datagram) => {
      this.datagrams.push(datagram);
      this.#take(datagram);
    });
    return socket;
  }

  #send(datagram: Buffer): void {
    this.sent.push(datagram);
    this.raw(datagram);
  }

  #plain(kind: number, bytes: Buffer): Buffer {
    return Buffer.concat([Buffer.from([kind]), VERSION, counted(0, this.#plainNumber++), u16(bytes.length), bytes]);
  }

  #message(kind: number, body: Buffer): Buffer {
    const length = u24(body.length);
    const message = Buffer.concat([Buffer.from([kind]), length, u16(this.#messageNumber++), u24(0), length, body]);
    this.#transcript.push(message);
    return message;
  }

  #take(datagram: Buffer): void {
    for (let at = 0; at < datagram.length; ) {
      const kind = datagram[at]!;
      const cidBytes = kind === WITH_CID ? (this.#settings.cid?.length ?? 0) : 0;
      const header = datagram.subarray(at, at + 13 + cidBytes);
      const end = at + header.length + header.readUInt16BE(11 + cidBytes);
      this.#record(kind, header, datagram.subarray(at + header.length, end));
      at = end;
    }
  }

  #record(kind: number, header: Buffer, bytes: Buffer): void {
    if (header.readUInt16BE(3) === 0) {
      if (kind === HANDSHAKE) this.#handshake(bytes);
      else if (kind === ALERT) this.alerts.push(bytes[1]!);
      return;
    }
    const opened = this.#unseal(kind, header, bytes);
    if (opened.kind === APPLICATION_DATA) this.messages.push(opened.bytes);
    else if (opened.kind === ALERT) this.alerts.push(opened.bytes[1]!);
    else if (opened.kind === HANDSHAKE) this.#finished(opened.bytes);
  }

  #handshake(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const end = at + 12 + bytes.readUIntBE(at + 1, 3);
      const message = bytes.subarray(at, end);
      const [kind, body] = [message[0], message.subarray(12)];
      if (kind === HELLO_VERIFY_REQUEST) {
        this.#cookie = body.subarray(3, 3 + body[2]!);
        this.hello();
        return;
      }
      if (this.#client) return; // The flight comes again.
      this.#transcript.push(message);
      if (kind === SERVER_HELLO) this.#serverHello(body);
      if (kind === SERVER_KEY_EXCHANGE) this.#serverPoint = body.subarray(4, 4 + body[3]!);
      if (kind === CERTIFICATE_REQUEST) this.#isAsked = true;
      if (kind === SERVER_HELLO_DONE) this.#exchange();
      at = end;
    }
  }

  #serverHello(body: Buffer): void {
    this.#serverRandom = body.subarray(2, 34);
    const at = body.indexOf(Buffer.from([0, 54, 0, CID_BYTES + 1, CID_BYTES]), 38);
    if (at > 0) this.serverCid = body.subarray(at + 5, at + 5 + CID_BYTES);
  }

  #exchange(): void {
    const { suite = 'ccm8', chain = [], isSlow = false } = this.#settings;
    const isCertified = suite.startsWith('ecdsa');
    const certificates = chain.map((pem) => vector(3, new X509Certificate(pem).raw));
    if (this.#isAsked) this.#sendMessage(11, vector(3, Buffer.concat(certificates)));
    const premaster = isCertified ? this.#agree() : this.#nameItself();
    this.#master = prf(premaster, 'extended master secret', this.#hash(), 48);
    const block = prf(this.#master, 'key expansion', Buffer.concat([this.#serverRandom, this.#random]), 40);
    this.#client = { key: block.subarray(0, 16), salt: block.subarray(32, 36) };
    this.#server = { key: block.subarray(16, 32), salt: block.subarray(36, 40) };
    if (this.#isAsked && chain.length > 0) this.#verify();
    if (!isSlow) this.#finish();
  }

  /** Sends its half of the key exchange. Answers the premaster secret, RFC 8422 §5.10. */
  #agree(): Buffer {
    const exchange = createECDH('prime256v1');
    this.#sendMessage(16, vector(1, exchange.generateKeys()));
    return exchange.computeSecret(this.#serverPoint);
  }

  /** Sends its name. Answers the premaster secret, RFC 4279 §2. */
  #nameItself(): Buffer {
    this.#sendMessage(16, vector(2, Buffer.from(this.#settings.identity)));
    const secret = Buffer.from(this.#settings.key);
    return Buffer.concat([u16(secret.length), Buffer.alloc(secret.length), u16(secret.length), secret]);
  }

  #verify(): void {
    const signature = sign('sha256', Buffer.concat(this.#transcript), this.#settings.privateKey!);
    this.#sendMessage(15, Buffer.concat([u16(ECDSA_P256_SHA256), vector(2, signature)]));
  }

  #sendMessage(kind: number, body: Buffer): void {
    const message = this.#message(kind, body);
    const bytes = this.#settings.fragmentBytes ?? body.length;
    const offsets = Array.from({ length: Math.ceil(body.length / bytes) }, (_, index) => index * bytes);
    for (const offset of offsets.reverse()) {
      const piece = body.subarray(offset, offset + bytes);
      this.#send(this.#plain(HANDSHAKE, Buffer.concat([message.subarray(0, 6), u24(offset), u24(piece.length), piece])));
    }
  }

  #finish(): void {
    const number = this.#messageNumber;
    const transcript = this.#transcript.slice();
    const finished = this.#message(FINISHED, prf(this.#master, 'client finished', this.#hash(), 12));
    this.#send(Buffer.concat([this.#plain(CHANGE_CIPHER_SPEC, Buffer.from([1])), this.#seal(HANDSHAKE, finished)]));
    if (!this.isOpen) return;
    this.#messageNumber = number; // It was a repetition.
    this.#transcript = transcript;
  }

  #finished(message: Buffer): void {
    if (this.isOpen) return;
    const wanted = prf(this.#master, 'server finished', this.#hash(), 12);
    if (!message.subarray(12).equals(wanted)) throw new Error('the Finished of the server is wrong');
    this.#transcript.pop(); // Its own Finished is what a repetition sends again.
    this.#messageNumber--;
    this.isOpen = true;
  }

  #hash(): Buffer {
    return createHash('sha256').update(Buffer.concat(this.#transcript)).digest();
  }

  get #tagBytes(): number {
    return (this.#settings.suite ?? 'ccm8').endsWith('ccm8') ? 8 : 16;
  }

  #seal(kind: number, bytes: Uint8Array): Buffer {
    const { key, salt } = this.#client!;
    const [number, cid] = [counted(1, this.#sealedNumber++), this.serverCid];
    const plain = cid.length > 0 ? Buffer.concat([bytes, Buffer.from([kind])]) : bytes;
    const aad = aadOf(kind, number, cid, plain.length);
    const nonce = Buffer.concat([salt, number]);
    const cipher =
      this.#tagBytes === 8
        ? createCipheriv('aes-128-ccm', key, nonce, { authTagLength: 8 }).setAAD(aad, { plaintextLength: plain.length })
        : createCipheriv('aes-128-gcm', key, nonce).setAAD(aad);
    const sealed = Buffer.concat([number, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    return Buffer.concat([Buffer.from([cid.length > 0 ? WITH_CID : kind]), VERSION, number, cid, u16(sealed.length), sealed]);
  }

  #unseal(kind: number, header: Buffer, bytes: Buffer): { readonly kind: number; readonly bytes: Buffer } {
    const { key, salt } = this.#server!;
    const cid = header.subarray(11, header.length - 2);
    const tagAt = bytes.length - this.#tagBytes;
    const [nonce, text, tag] = [Buffer.concat([salt, bytes.subarray(0, 8)]), bytes.subarray(8, tagAt), bytes.subarray(tagAt)];
    const aad = aadOf(kind, header.subarray(3, 11), cid, text.length);
    const decipher =
      this.#tagBytes === 8
        ? createDecipheriv('aes-128-ccm', key, nonce, { authTagLength: 8 }).setAuthTag(tag).setAAD(aad, { plaintextLength: text.length })
        : createDecipheriv('aes-128-gcm', key, nonce).setAuthTag(tag).setAAD(aad);
    const plain = Buffer.concat([decipher.update(text), decipher.final()]);
    return kind === WITH_CID ? { kind: plain.at(-1)!, bytes: plain.subarray(0, -1) } : { kind, bytes: plain };
  }
}

function aadOf(kind: number, number: Buffer, cid: Buffer, length: number): Buffer {
  if (cid.length === 0) return Buffer.concat([number, Buffer.from([kind]), VERSION, u16(length)]);
  return Buffer.concat([Buffer.alloc(8, 0xff), Buffer.from([WITH_CID, cid.length, WITH_CID]), VERSION, number, cid, u16(length)]);
}

function prf(secret: Buffer, label: string, seed: Buffer, bytes: number): Buffer {
  const mac = (data: Buffer) => createHmac('sha256', secret).update(data).digest();
  const whole = Buffer.concat([Buffer.from(label), seed]);
  const pieces: Buffer[] = [];
  for (let a = mac(whole); pieces.length * 32 < bytes; a = mac(a)) pieces.push(mac(Buffer.concat([a, whole])));
  return Buffer.concat(pieces).subarray(0, bytes);
}

function counted(epoch: number, number: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16BE(epoch, 0);
  bytes.writeUIntBE(number, 2, 6);
  return bytes;
}

function extension(kind: number, body: Buffer): Buffer {
  return Buffer.concat([u16(kind), vector(2, body)]);
}

/** Bytes after their length, a number of `width` bytes. */
function vector(width: 1 | 2 | 3, bytes: Buffer): Buffer {
  const lengths = [Buffer.from([bytes.length]), u16(bytes.length), u24(bytes.length)] as const;
  return Buffer.concat([lengths[width - 1]!, bytes]);
}

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

function u24(value: number): Buffer {
  return Buffer.from([value >> 16, (value >> 8) & 0xff, value & 0xff]);
}
