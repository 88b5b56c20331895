import type { Random } from '../support/random.js';

/** A value of a message, with what the binary formats can tell apart and JavaScript does not. */
export type Node =
  | { kind: 'whole'; value: bigint }
  | { kind: 'double'; value: number; bytes: 4 | 8 }
  | { kind: 'half'; bits: number }
  | { kind: 'text'; value: string }
  | { kind: 'literal'; value: boolean | null }
  | { kind: 'bytes'; value: Buffer }
  | { kind: 'time'; seconds: number; ms: number }
  | { kind: 'array'; items: Node[] }
  | { kind: 'map'; members: [name: string, value: Node][] };

function unsigned(value: bigint, bytes: number): Buffer {
  const all = Buffer.alloc(8);
  all.writeBigUInt64BE(BigInt.asUintN(64, value));
  return all.subarray(8 - bytes);
}

function float(value: number, bytes: 4 | 8): Buffer {
  const buffer = Buffer.alloc(bytes);
  if (bytes === 4) buffer.writeFloatBE(value);
  else buffer.writeDoubleBE(value);
  return buffer;
}

/** Writes nodes as CBOR, each length and number in as many bytes as it takes or, at times, in more; lengths at times indefinite. */
export class CborWriter {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  write(node: Node): Buffer {
    const tag = this.#random.chance(0.02) ? Buffer.from('d9d9f7', 'hex') : Buffer.alloc(0);
    return Buffer.concat([tag, this.#untagged(node)]);
  }

  #untagged(node: Node): Buffer {
    if (node.kind === 'whole') return node.value < 0n ? this.#head(1, -1n - node.value) : this.#head(0, node.value);
    if (node.kind === 'double') return Buffer.concat([Buffer.from([node.bytes === 4 ? 0xfa : 0xfb]), float(node.value, node.bytes)]);
    if (node.kind === 'half') return Buffer.concat([Buffer.from([0xf9]), unsigned(BigInt(node.bits), 2)]);
    if (node.kind === 'literal') return Buffer.from([node.value === null ? this.#random.pick([0xf6, 0xf7]) : node.value ? 0xf5 : 0xf4]);
    if (node.kind === 'text') return this.#text(node.value);
    if (node.kind === 'bytes') return Buffer.concat([this.#head(2, BigInt(node.value.length)), node.value]);
    if (node.kind === 'time') {
      const isWhole = node.ms === 0 && this.#random.chance(0.5);
      const seconds = isWhole
        ? this.#head(0, BigInt(node.seconds))
        : Buffer.concat([Buffer.from([0xfb]), float(node.seconds + node.ms / 1000, 8)]);
      return Buffer.concat([Buffer.from([0xc1]), seconds]);
    }
    const items =
      node.kind === 'array' ? node.items.map((item) => this.write(item)) : node.members.flatMap((member) => this.#member(member));
    const type = node.kind === 'array' ? 4 : 5;
    if (this.#random.chance(0.2)) return Buffer.concat([Buffer.from([(type << 5) | 31]), ...items, Buffer.from([0xff])]);
    const count = node.kind === 'array' ? items.length : items.length / 2;
    return Buffer.concat([this.#head(type, BigInt(count)), ...items]);
  }

  #member([name, value]: [string, Node]): Buffer[] {
    return [this.#text(name), this.write(value)];
  }

  #text(value: string): Buffer {
    const whole = (text: string) => Buffer.concat([this.#head(3, BigInt(Buffer.byteLength(text))), Buffer.from(text)]);
    if (!this.#random.chance(0.05)) return whole(value);
    const points = [...value];
    const cut = this.#random.below(points.length + 1);
    const pieces = [points.slice(0, cut), points.slice(cut)].map((piece) => whole(piece.join('')));
    return Buffer.concat([Buffer.from([0x7f]), ...pieces, Buffer.from([0xff])]);
  }

  #head(type: number, value: bigint): Buffer {
    const widths = [24n, 256n, 65_536n, 4_294_967_296n, 2n ** 64n];
    const least = widths.findIndex((end) => value < end);
    const width = this.#random.chance(0.9) ? least : this.#random.int(least, 4);
    if (width === 0) return Buffer.from([(type << 5) | Number(value)]);
    return Buffer.concat([Buffer.from([(type << 5) | (23 + width)]), unsigned(value, 1 << (width - 1))]);
  }
}

/** Writes nodes as MessagePack, in the same way. */
export class MsgpackWriter {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  write(node: Node): Buffer {
    if (node.kind === 'whole') return this.#whole(node.value);
    if (node.kind === 'double') return Buffer.concat([Buffer.from([node.bytes === 4 ? 0xca : 0xcb]), float(node.value, node.bytes)]);
    if (node.kind === 'half') return Buffer.concat([Buffer.from([0xca]), float(node.bits, 4)]);
    if (node.kind === 'literal') return Buffer.from([node.value === null ? 0xc0 : node.value ? 0xc3 : 0xc2]);
    if (node.kind === 'text') return this.#text(node.value);
    if (node.kind === 'bytes') return Buffer.concat([this.#length(node.value.length, [undefined, 0xc4, 0xc5, 0xc6]), node.value]);
    if (node.kind === 'time') return this.#time(node.seconds, node.ms * 1e6);
    if (node.kind === 'array') {
      const head = this.#length(node.items.length, [[0x90, 16], undefined, 0xdc, 0xdd]);
      return Buffer.concat([head, ...node.items.map((item) => this.write(item))]);
    }
    const head = this.#length(node.members.length, [[0x80, 16], undefined, 0xde, 0xdf]);
    return Buffer.concat([head, ...node.members.flatMap(([name, value]) => [this.#text(name), this.write(value)])]);
  }

  #whole(value: bigint): Buffer {
    const signedBits = [8, 16, 32, 64].findIndex((bits) => BigInt.asIntN(bits, value) === value);
    const unsignedBits = [8, 16, 32, 64].findIndex((bits) => BigInt.asUintN(bits, value) === value);
    if (value >= -32n && value < 128n && this.#random.chance(0.8)) return unsigned(value, 1);
    const isSigned = value < 0n || (signedBits >= 0 && this.#random.chance(0.3));
    const least = isSigned ? signedBits : unsignedBits;
    const width = this.#random.chance(0.9) ? least : this.#random.int(least, 3);
    return Buffer.concat([Buffer.from([(isSigned ? 0xd0 : 0xcc) + width]), unsigned(value, 1 << width)]);
  }

  #text(value: string): Buffer {
    const bytes = Buffer.from(value);
    return Buffer.concat([this.#length(bytes.length, [[0xa0, 32], 0xd9, 0xda, 0xdb]), bytes]);
  }

  /** `heads`: the first byte with the length in it and the end of such lengths, then those of lengths in 1, 2 and 4 bytes. */
  #length(length: number, [short, ...heads]: readonly (readonly [number, number] | number | undefined)[]): Buffer {
    if (Array.isArray(short) && length < (short[1] as number) && this.#random.chance(0.9))
      return Buffer.from([(short[0] as number) | length]);
    const fitting = heads.flatMap((head, power) => (head !== undefined && length < 256 ** (1 << power) ? [[head as number, power]] : []));
    const [head, power] = (this.#random.chance(0.9) ? fitting[0] : this.#random.pick(fitting)) as [number, number];
    return Buffer.concat([Buffer.from([head]), unsigned(BigInt(length), 1 << power)]);
  }

  #time(seconds: number, nanoseconds: number): Buffer {
    if (nanoseconds === 0 && this.#random.chance(0.5)) return Buffer.concat([Buffer.from([0xd6, 0xff]), unsigned(BigInt(seconds), 4)]);
    if (this.#random.chance(0.5)) {
      const word = (BigInt(nanoseconds) << 34n) | BigInt(seconds);
      return Buffer.concat([Buffer.from([0xd7, 0xff]), unsigned(word, 8)]);
    }
    return Buffer.concat([Buffer.from([0xc7, 12, 0xff]), unsigned(BigInt(nanoseconds), 4), unsigned(BigInt(seconds), 8)]);
  }
}
