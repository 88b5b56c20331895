import { timingSafeEqual } from 'node:crypto';
import { FLAG_TRANSPORT_COAP } from '../../../assembly/abi/block.js';
import {
  COAP_ACK,
  COAP_CHANGED,
  COAP_CON,
  COAP_CONTENT,
  COAP_CONTINUE,
  COAP_EXCHANGE_AT_TOKEN,
  COAP_EXCHANGE_AT_TOKEN_BYTES,
  COAP_EXCHANGE_BYTES,
  COAP_FORMAT_LINKS,
  COAP_HEADER_BYTES,
  COAP_INCOMPLETE,
  COAP_NON,
  COAP_OPTION_BLOCK1,
  COAP_OPTION_BLOCK2,
  COAP_OPTION_CONTENT_FORMAT,
  COAP_OPTION_MAX_AGE,
  COAP_OPTION_REQUEST_TAG,
  COAP_OPTION_SIZE1,
  COAP_OPTION_URI_PATH,
  COAP_OPTION_URI_QUERY,
  COAP_PIGGYBACK_MS,
  COAP_RETRY_S,
  COAP_RETRY_S_MAX,
  COAP_RST,
  COAP_TOO_LARGE,
  COAP_TOO_MANY,
} from '../../../assembly/abi/coap.js';
import {
  CODE_COAP_BLOCKS_INCOMPLETE,
  CODE_COAP_MALFORMED,
  CODE_COAP_OVERLOADED,
  CODE_CREDENTIALS_INVALID,
  CODE_NONE,
  CODE_PAYLOAD_OVERSIZE,
  CODE_REGISTRY_INCOMPLETE,
} from '../../../assembly/abi/codes.js';
import { DATAGRAM_HEADER_BYTES, DEVICE_TOKEN_HASH_BYTES } from '../../../assembly/abi/gateway.js';
import { PAYLOAD_BYTES_MAX } from '../../../assembly/abi/limits.js';
import { STAGE_OFFSET } from '../../../assembly/abi/regions.js';
import { refusalCode } from '../../contract/codes.js';
import { hashToken } from '../../contract/token.js';
import type { KernelMemory } from '../../host/kernel.js';
import type { Reactor } from '../../reactor/reactor.js';
import type { Directory } from '../directory.js';
import type { GatewayKernel } from '../kernel.js';
import type { NoteOverRate } from '../pacing.js';
import { shownBeside } from '../shown-beside.js';
import { Confirmables } from './confirmables.js';
import { formatOf } from './content-formats.js';
import { linksFor } from './links.js';
import { type CoapMessage, type CoapOption, emptyMessage, optionOf, readMessage, uint, uintOf, writeMessage } from './message.js';
import { RecentAnswers } from './recent-answers.js';
import { blockOf, Transfers } from './transfers.js';

const UNKNOWN_HASH = new Uint8Array(DEVICE_TOKEN_HASH_BYTES);
/** Tokens of messages that the kernel answers to this side are from here on; those of HTTP are below. */
export const COAP_TOKENS = 0x8000_0000;
/** An answer to an address that nobody has proved is this many times its request at most (RFC 9175 §2.4). */
const AMPLIFICATION_MAX = 3;
/** Of answers in blocks, 1,024 bytes. */
const BLOCK_EXPONENT_MAX = 6;
/** Bytes of an answer with links besides token and payload, at most: header, Content-Format, Block2 and payload marker. */
const LINKS_HEAD_BYTES = COAP_HEADER_BYTES + 2 + 4 + 1;
const EMPTY = Buffer.alloc(0);

/** Codes that stand for the refusals of transfers in blocks. */
const REFUSAL_CODES: ReadonlyMap<number, number> = new Map([
  [COAP_INCOMPLETE, CODE_COAP_BLOCKS_INCOMPLETE],
  [COAP_TOO_LARGE, CODE_PAYLOAD_OVERSIZE],
  [COAP_TOO_MANY, CODE_COAP_OVERLOADED],
]);

/** A request of which this side has the datagram. */
interface Request {
  readonly socket: number;
  /** The header of its datagram. */
  readonly peer: Buffer;
  readonly key: string;
  readonly message: CoapMessage;
  readonly bytes: number;
  readonly arrivedMs: number;
}

/** A body that waits for the log. */
interface Waiting extends Request {
  readonly block: CoapOption;
  isNudged: boolean;
}

/** CoAP apart from telemetry in one datagram, which the kernel takes in by itself. */
export class Coap {
  readonly #kernel: GatewayKernel;
  readonly #memory: KernelMemory;
  readonly #directory: Directory;
  readonly #reactor: Pick<Reactor, 'sendBytes' | 'wake'>;
  readonly #noteOverRate: NoteOverRate;
  readonly #now: () => number;
  readonly #transfers = new Transfers();
  readonly #recent = new RecentAnswers();
  readonly #confirmables: Confirmables;
  readonly #waiting = new Map<number, Waiting>();
  #token = 0;
  #messageId = 0x8000;

  constructor(
    kernel: GatewayKernel,
    memory: KernelMemory,
    directory: Directory,
    reactor: Pick<Reactor, 'sendBytes' | 'wake'>,
    noteOverRate: NoteOverRate,
    now: () => number = performance.now.bind(performance),
  ) {
    this.#kernel = kernel;
    this.#memory = memory;
    this.#directory = directory;
    this.#reactor = reactor;
    this.#noteOverRate = noteOverRate;
    this.#now = now;
    this.#confirmables = new Confirmables((socket, bytes) => this.#reactor.sendBytes(socket, bytes));
  }

  /** Says whether the token at `offset` is that of the device `entry - 1`; 0: there is no such device. */
  judge(entry: number, offset: number, length: number): void {
    // An unknown device takes the same path and gets the same answer as a wrong token: ids cannot be probed.
    const device = entry === 0 ? undefined : entry - 1;
    const { tenant, id } = device === undefined ? { tenant: '', id: '' } : this.#directory.nameOf(device);
    const token = this.#memory.slice(offset, length);
    const given = hashToken(tenant, id, token);
    const expected = device === undefined ? UNKNOWN_HASH : this.#directory.tokenHash(device);
    const previous = device === undefined ? undefined : this.#directory.previousToken(device, Date.now());
    const isPresent = timingSafeEqual(given, expected) && device !== undefined;
    const isPrevious = timingSafeEqual(given, previous?.hash ?? UNKNOWN_HASH) && previous !== undefined;
    const isToken = isPresent || isPrevious;
    const shown = isToken || device === undefined ? undefined : shownBeside(this.#directory, device, { given, token }, Date.now());
    const isProved = isToken || (shown !== undefined && !('kind' in shown));
    const refusal = this.#directory.isPartial ? CODE_REGISTRY_INCOMPLETE : CODE_CREDENTIALS_INVALID;
    this.#kernel.coapJudged(isProved ? CODE_NONE : refusal, isPresent ? 1 : 0);
  }

  /** Takes a datagram that is no telemetry in one piece; `entry - 1` is the device whose token it carries, if it needs one. */
  datagram(socket: number, entry: number, offset: number, length: number): void {
    const datagram = Buffer.from(this.#memory.slice(offset, length));
    const peer = datagram.subarray(0, DATAGRAM_HEADER_BYTES);
    const message = readMessage(datagram.subarray(DATAGRAM_HEADER_BYTES));
    const nowMs = this.#now();
    const key = keyOf(socket, peer, message.messageId);
    if (message.type === COAP_ACK || message.type === COAP_RST) {
      this.#confirmables.settle(key, message.type === COAP_ACK);
      return;
    }
    if (!this.#recent.isNew(key, nowMs)) {
      const answer = message.type === COAP_CON ? this.#recent.answerOf(key) : undefined;
      if (answer) this.#reactor.sendBytes(socket, answer);
      return;
    }
    const request = { socket, peer, key, message, bytes: length - DATAGRAM_HEADER_BYTES, arrivedMs: nowMs };
    if (entry === 0) this.#links(request);
    else this.#block(request, entry - 1);
  }

  /** The exchange at `offset` is durable, and its client has had an empty acknowledgement: the answer is a message of its own (RFC 7252 §5.2.2). */
  separate(socket: number, offset: number): void {
    const exchange = Buffer.from(this.#memory.slice(offset, COAP_EXCHANGE_BYTES));
    const at = COAP_EXCHANGE_AT_TOKEN;
    const token = exchange.subarray(at, at + exchange[COAP_EXCHANGE_AT_TOKEN_BYTES]!);
    this.#sendConfirmable(socket, exchange.subarray(0, DATAGRAM_HEADER_BYTES), { code: COAP_CHANGED, token, options: [], payload: EMPTY });
  }

  /** The body that this side has handed in under the token is durable. */
  durable(token: number): void {
    const waiting = this.#waiting.get(token);
    if (!waiting) return;
    this.#waiting.delete(token);
    const answer = { code: COAP_CHANGED, options: [waiting.block], payload: EMPTY };
    if (waiting.isNudged) this.#sendConfirmable(waiting.socket, waiting.peer, { ...answer, token: waiting.message.token });
    else this.#answer(waiting, answer.code, answer.options);
  }

  /** Sends what is due by now. */
  sweep(): void {
    const nowMs = this.#now();
    this.#transfers.sweep(nowMs);
    this.#recent.sweep(nowMs);
    this.#confirmables.sweep(nowMs);
    for (const waiting of this.#waiting.values()) {
      if (waiting.isNudged || waiting.message.type !== COAP_CON || nowMs - waiting.arrivedMs < COAP_PIGGYBACK_MS) continue;
      waiting.isNudged = true;
      this.#send(waiting, emptyMessage(waiting.message.messageId));
    }
    this.#reactor.wake();
  }

  #links(request: Request): void {
    const { message, bytes } = request;
    const queries = message.options.filter(({ number }) => number === COAP_OPTION_URI_QUERY).map(({ value }) => value.toString());
    const links = Buffer.from(linksFor(queries));
    const wanted = blockOf(uintOf(message, COAP_OPTION_BLOCK2) ?? BLOCK_EXPONENT_MAX);
    const wantedExponent = Math.min(wanted.exponent, BLOCK_EXPONENT_MAX);
    // The client gets smaller blocks than it asked for, rather than Echo, after which some clients do not ask again.
    const room = bytes * AMPLIFICATION_MAX - LINKS_HEAD_BYTES - message.token.length;
    const exponent = Math.min(wantedExponent, Math.floor(Math.log2(room)) - 4);
    const blockBytes = 2 ** (exponent + 4);
    const number = wanted.number * 2 ** (wantedExponent - exponent);
    const payload = links.subarray(number * blockBytes, (number + 1) * blockBytes);
    const options = [{ number: COAP_OPTION_CONTENT_FORMAT, value: uint(COAP_FORMAT_LINKS) }];
    const hasMore = (number + 1) * blockBytes < links.length;
    if (hasMore || number > 0) options.push({ number: COAP_OPTION_BLOCK2, value: uint((number << 4) | (hasMore ? 8 : 0) | exponent) });
    this.#answer(request, COAP_CONTENT, options, payload);
  }

  #block(request: Request, entry: number): void {
    const { message, socket, peer, arrivedMs } = request;
    const value = uintOf(message, COAP_OPTION_BLOCK1) ?? 0;
    const option = { number: COAP_OPTION_BLOCK1, value: uint(value) };
    const path = message.options.filter(({ number }) => number === COAP_OPTION_URI_PATH).map(({ value }) => value.toString('latin1'));
    const name = `${entry}\0${path.join('\0')}\0${optionOf(message, COAP_OPTION_REQUEST_TAG)?.toString('latin1') ?? ''}`;
    const announced = uintOf(message, COAP_OPTION_SIZE1);
    const taken = this.#transfers.take(keyOf(socket, peer), name, blockOf(value), message.payload, announced, arrivedMs);
    if ('code' in taken && taken.code === COAP_CONTINUE) this.#answer(request, COAP_CONTINUE, [option]);
    else if ('code' in taken) this.#refuse(request, taken.code, REFUSAL_CODES.get(taken.code) ?? CODE_COAP_MALFORMED, option);
    else this.#hand(request, entry, taken.body, option);
  }

  /** Hands a whole body to the kernel, which lays it into its block. */
  #hand(request: Request, entry: number, body: Buffer, block: CoapOption): void {
    const over = this.#kernel.overRateOf(entry);
    if (over !== CODE_NONE) {
      const delayMs = this.#kernel.earlyMs();
      this.#noteOverRate(entry, over, delayMs);
      this.#kernel.refuseOfDevice(entry, over);
      const seconds = Math.min(COAP_RETRY_S_MAX, Math.max(1, Math.ceil(delayMs / 1000)));
      this.#answer(request, COAP_TOO_MANY, [block, { number: COAP_OPTION_MAX_AGE, value: uint(seconds) }], diagnosis(over));
      return;
    }
    const format = formatOf(uintOf(request.message, COAP_OPTION_CONTENT_FORMAT));
    this.#memory.bytes.set(body, STAGE_OFFSET);
    this.#token = (this.#token + 1) % COAP_TOKENS;
    const token = COAP_TOKENS + this.#token;
    const code = this.#kernel.ingest(entry, FLAG_TRANSPORT_COAP | (format << 8), 0, body.length, token);
    if (code === CODE_NONE) this.#waiting.set(token, { ...request, block, isNudged: false });
    else if (code < 0) this.#refuse(request, COAP_TOO_MANY, CODE_COAP_OVERLOADED, block);
    else this.#answer(request, COAP_TOO_LARGE, [block], diagnosis(code)); // The kernel has counted it.
  }

  #refuse(request: Request, response: number, code: number, block: CoapOption): void {
    this.#kernel.countRefused(code);
    const options = [block];
    if (response === COAP_TOO_MANY) options.push({ number: COAP_OPTION_MAX_AGE, value: uint(COAP_RETRY_S) });
    if (response === COAP_TOO_LARGE) options.push({ number: COAP_OPTION_SIZE1, value: uint(PAYLOAD_BYTES_MAX) });
    this.#answer(request, response, options, diagnosis(code));
  }

  /** Answers in the acknowledgement of a CON, or by a NON. */
  #answer(request: Request, code: number, options: readonly CoapOption[], payload: Buffer = EMPTY): void {
    const { type, messageId, token } = request.message;
    const answer =
      type === COAP_CON
        ? { type: COAP_ACK, code, messageId, token, options, payload }
        : { type: COAP_NON, code, messageId: this.#nextMessageId(), token, options, payload };
    this.#send(request, answer);
  }

  #send({ socket, peer, key }: Request, message: CoapMessage): void {
    const datagram = Buffer.concat([peer, writeMessage(message)]);
    this.#recent.answered(key, datagram);
    this.#reactor.sendBytes(socket, datagram);
  }

  #sendConfirmable(socket: number, peer: Buffer, message: Omit<CoapMessage, 'type' | 'messageId'>): void {
    const messageId = this.#nextMessageId();
    const datagram = Buffer.concat([peer, writeMessage({ ...message, type: COAP_CON, messageId })]);
    this.#confirmables.send(keyOf(socket, peer, messageId), socket, datagram, this.#now());
  }

  #nextMessageId(): number {
    // The kernel's own are below.
    this.#messageId = 0x8000 | ((this.#messageId + 1) & 0x7fff);
    return this.#messageId;
  }
}

function keyOf(socket: number, peer: Buffer, messageId?: number): string {
  return `${socket}\0${peer.toString('latin1')}\0${messageId ?? ''}`;
}

function diagnosis(code: number): Buffer {
  const { name, cause, wayOut } = refusalCode(code);
  return Buffer.from(`${name}: ${cause}; ${wayOut}`);
}
