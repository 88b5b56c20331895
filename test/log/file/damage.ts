import { verifyBlock } from '../../../src/log/block.js';
import { FileLog } from '../../../src/log/file/file-log.js';
import { listSegments, partitionFolder, segmentPath } from '../../../src/log/file/segment.js';
import { sealBlock } from '../../support/blocks.js';
import type { Random } from '../../support/random.js';
import { ModelDisk } from './model-disk.js';

export const FOLDER = '/log';
const BEGIN_US = 1_800_000_000_000_000;

export interface WrittenBlock {
  readonly index: number;
  readonly offset: bigint;
  readonly bytes: number;
}

/** A log of one partition in small segments; the text metric `t` of each block's only message is the block's index. */
export class DamagedLog {
  readonly disk = new ModelDisk();
  readonly blocks: WrittenBlock[] = [];
  readonly segmentBytesMax: number;
  durable = 0n;

  constructor(segmentBytesMax = 1500) {
    this.segmentBytesMax = segmentBytesMax;
  }

  /** `fill`: bytes that a message has beside its index. */
  write(fills: readonly number[]): void {
    const log = this.open();
    for (const fill of fills) {
      const index = this.blocks.length;
      const payload = JSON.stringify({ ts: (BEGIN_US + index) / 1000, seq: index, metrics: { t: String(index) }, fill: 'f'.repeat(fill) });
      const block = sealBlock(0, [{ device: 1, receiveUs: BEGIN_US + index, payload }]);
      log.append(0, [block]);
      log.commit();
      this.blocks.push({ index, offset: (log.partitions[0]?.durable as bigint) - BigInt(block.length), bytes: block.length });
    }
    log.close();
  }

  /** Opens the log as a start does; what it finds is its new end. */
  open(floor = 0n, reports: [string, unknown][] = []): FileLog {
    const report = (_level: string, name: string, { code }: Record<string, unknown>) => void reports.push([name, code]);
    const { disk, segmentBytesMax } = this;
    const log = FileLog.open({ folder: FOLDER, partitions: 1, floors: [floor], report, disk, segmentBytesMax });
    this.durable = log.partitions[0]?.durable as bigint;
    return log;
  }

  end(): bigint {
    const last = this.blocks.at(-1) as WrittenBlock;
    return last.offset + BigInt(last.bytes);
  }

  segments(): bigint[] {
    return listSegments(this.disk, partitionFolder(FOLDER, 0));
  }

  path(base: bigint): string {
    return segmentPath(partitionFolder(FOLDER, 0), base);
  }

  /** Bytes of a segment as they lie on the disk. */
  read(base: bigint): Buffer {
    const file = this.disk.open(this.path(base), 'read');
    const bytes = Buffer.alloc(this.disk.size(file));
    this.disk.read(file, bytes, 0);
    this.disk.close(file);
    return bytes;
  }

  overwrite(base: bigint, position: number, bytes: Uint8Array): void {
    const file = this.disk.open(this.path(base), 'write');
    if (bytes.length > 0) this.disk.write(file, [bytes], position);
    this.disk.close(file);
  }

  truncate(base: bigint, bytes: number): void {
    const file = this.disk.open(this.path(base), 'write');
    this.disk.truncate(file, bytes);
    this.disk.close(file);
  }

  /** One of the things that befall files. Bytes that are wrong do not happen to be right. */
  damage(random: Random): string {
    const base = random.pick(this.segments());
    const size = this.read(base).length;
    const position = random.below(Math.max(1, size));
    const length = Math.min(size - position, random.pick([1, 64, 512]));
    const kind = random.pick(['bit', 'zeros', 'noise', 'truncated', 'missing', 'doubled'] as const);
    const others = this.segments().length > 1;
    if (kind === 'bit' && size > 0) this.disk.damage(this.path(base), position);
    if (kind === 'zeros') this.overwrite(base, position, new Uint8Array(length));
    if (kind === 'noise')
      this.overwrite(
        base,
        position,
        Uint8Array.from({ length }, () => random.below(256)),
      );
    if (kind === 'truncated') this.truncate(base, position);
    if (kind === 'missing' && others) this.disk.remove(this.path(base));
    if (kind === 'doubled') this.#double(base, random);
    return `${kind} at ${base} + ${position}, ${length} bytes`;
  }

  /** A block over another one: whole, and not where it belongs. */
  #double(base: bigint, random: Random): void {
    const [from, to] = [random.pick(this.blocks), random.pick(this.blocks)];
    const source = this.#segmentOf(from.offset);
    const target = this.#segmentOf(to.offset);
    if (source === undefined || target === undefined || from === to || base < 0n) return;
    const at = Number(from.offset - source);
    this.overwrite(target, Number(to.offset - target), this.read(source).subarray(at, at + from.bytes));
  }

  #segmentOf(offset: bigint): bigint | undefined {
    return this.segments().findLast((base) => base <= offset);
  }

  /** Blocks that are still what was written, where it was written. */
  sound(): WrittenBlock[] {
    const segments = this.segments();
    const contents = new Map(segments.map((base) => [base, this.read(base)]));
    return this.blocks.filter(({ offset, bytes }) => {
      const base = segments.findLast((one) => one <= offset);
      if (base === undefined) return false;
      const segment = contents.get(base) as Buffer;
      const at = Number(offset - base);
      return at + bytes <= segment.length && verifyBlock(segment, at, { partition: 0, offset }) === bytes;
    });
  }
}
