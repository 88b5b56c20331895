/** What a module holds that codecs may not. The message names it. */
export class ModuleProblem extends Error {}

/** Reads the binary format of a module that the engine found valid. WebAssembly core specification §5.2. */
export class ModuleReader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    if (this.at >= this.end) throw new ModuleProblem('it ends within a section');
    return this.bytes[this.at++]!;
  }

  /** An unsigned number of 32 bits. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new ModuleProblem('a number is too long');
  }

  /** Passes over a number of any size and sign. */
  skipNumber(): void {
    for (let bytes = 0; bytes < 10; bytes++) if (this.byte() < 0x80) return;
    throw new ModuleProblem('a number is too long');
  }

  skip(bytes: number): void {
    if (this.at + bytes > this.end) throw new ModuleProblem('it ends within a section');
    this.at += bytes;
  }

  name(): string {
    const bytes = this.u32();
    const from = this.at;
    this.skip(bytes);
    return Buffer.from(this.bytes.subarray(from, this.at)).toString('utf8');
  }

  /** Each entry of a vector, §5.1.3. */
  vector<Entry>(read: () => Entry): Entry[] {
    const entries: Entry[] = [];
    for (let left = this.u32(); left > 0; left--) entries.push(read());
    return entries;
  }
}

/** LEB128, §5.2.2. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 0x80);
  }
}

/** The same of a number that has a sign; `value` is not below 0. */
export function signed(value: number): number[] {
  const bytes = unsigned(value);
  const last = bytes.at(-1)!;
  // The sign of the number is the highest bit of its last byte.
  if ((last & 0x40) === 0) return bytes;
  return [...bytes.slice(0, -1), last | 0x80, 0];
}

export function named(text: string): number[] {
  const bytes = Buffer.from(text);
  return [...unsigned(bytes.length), ...bytes];
}
