import assert from 'node:assert/strict';
import { blockTimeUs, stampPlace } from '../block.js';
import { type Disk, writeWhole } from './disk.js';
import type { Recovered } from './recovery.js';
import { SEGMENT_BYTES_MAX, type Segment, segmentPath } from './segment.js';

/**
 * The writing end of one partition. Bytes up to `durable` are on the disk for good; what was
 * appended after them counts only after `sync` and `accept`, and `rewind` forgets it.
 */
export class PartitionLog {
  readonly folder: string;
  readonly #disk: Disk;
  readonly #segmentBytesMax: number;
  /** Ascending; the last one is being written. */
  readonly #segments: Segment[];
  /** The last segment's file, or undefined when the next append opens a new one at `durable`. */
  #file: number | undefined;
  #end: bigint;
  #durable: bigint;
  /** Something was tried since the last accept or rewind. */
  #dirty = false;
  #folderDirty = false;

  constructor(disk: Disk, folder: string, recovered: Recovered, segmentBytesMax = SEGMENT_BYTES_MAX) {
    this.folder = folder;
    this.#disk = disk;
    this.#segmentBytesMax = segmentBytesMax;
    this.#segments = recovered.segments;
    this.#end = recovered.end;
    this.#durable = recovered.end;
    const last = recovered.segments.at(-1);
    if (last) this.#file = disk.open(segmentPath(folder, last.base), 'write');
  }

  get durable(): bigint {
    return this.#durable;
  }

  /** Offset of the oldest byte that the log still holds. */
  get start(): bigint {
    return this.#segments[0]?.base ?? this.#durable;
  }

  get segments(): readonly Readonly<Segment>[] {
    return this.#segments;
  }

  /** Writes whole blocks after the last ones, and into each its place. When it throws, `rewind` must follow. */
  append(blocks: readonly Uint8Array[]): void {
    this.#dirty = true;
    let group: Uint8Array[] = [];
    let groupBytes = 0;
    for (const block of blocks) {
      const room = this.#segmentBytesMax - this.#segmentBytes() - groupBytes;
      if (block.length > room && this.#segmentBytes() + groupBytes > 0) {
        this.#write(group, groupBytes);
        this.#roll();
        group = [];
        groupBytes = 0;
      }
      stampPlace(block, this.#end + BigInt(groupBytes));
      group.push(block);
      groupBytes += block.length;
    }
    this.#write(group, groupBytes);
  }

  /** Begins with what `sync` will wait for. */
  startWriteback(): void {
    const last = this.#segments.at(-1);
    if (!this.#dirty || this.#file === undefined || !last) return;
    const from = this.#durable > last.base ? this.#durable - last.base : 0n;
    this.#disk.startWriteback(this.#file, Number(from));
  }

  /** Brings all appends onto the disk. They count only after `accept`. When it throws, `rewind` must follow. */
  sync(): void {
    if (!this.#dirty) return;
    if (this.#file !== undefined) this.#disk.sync(this.#file);
    if (this.#folderDirty) this.#disk.syncFolder(this.folder);
    this.#folderDirty = false;
  }

  /** Takes what was synced for durable. */
  accept(): void {
    this.#durable = this.#end;
    this.#dirty = false;
  }

  /**
   * Forgets what is not durable, after an append or a commit failed. The blocks come again from the
   * gateways' memory, into a new segment: after a failed sync the kernel may have marked pages clean
   * that it could not write, so those bytes are not to be synced again. Throws while the disk refuses
   * even this; nothing may be appended before it went through.
   */
  rewind(): void {
    if (!this.#dirty) return;
    while ((this.#segments.at(-1)?.base ?? -1n) >= this.#durable) {
      const { base } = this.#segments.at(-1) as Segment;
      this.#closeFile();
      this.#folderDirty = true;
      this.#removeIfThere(base);
      this.#segments.pop();
    }
    const last = this.#segments.at(-1);
    if (last) {
      // Readers take the end of a file for the end of its segment, so the leftover has to go first.
      const file = this.#file ?? this.#disk.open(segmentPath(this.folder, last.base), 'write');
      this.#file = file;
      this.#disk.truncate(file, Number(this.#durable - last.base));
      this.#closeFile();
    }
    // A removed name that comes back after a crash would lie across the segment that is written instead.
    if (this.#folderDirty) this.#disk.syncFolder(this.folder);
    this.#folderDirty = false;
    this.#end = this.#durable;
    this.#dirty = false;
  }

  /** Removes the oldest `count` segments; the one being written stays. */
  removeOldest(count: number): void {
    assert(count < this.#segments.length, 'the segment being written stays');
    for (let left = count; left > 0; left--) {
      // One that somebody removed before counts as removed.
      this.#removeIfThere(this.start);
      this.#segments.shift();
    }
  }

  close(): void {
    this.#closeFile();
  }

  #segmentBytes(): number {
    const last = this.#segments.at(-1);
    return last && this.#file !== undefined ? Number(this.#end - last.base) : 0;
  }

  #write(blocks: Uint8Array[], bytes: number): void {
    const first = blocks[0];
    if (!first) return;
    if (this.#file === undefined) this.#openNext();
    const segment = this.#segments.at(-1) as Segment;
    segment.firstUs ??= blockTimeUs(first, 0, 'first');
    const position = Number(this.#end - segment.base);
    // From here on the file may hold more than it should, so `rewind` must see that there is something to undo.
    this.#end += BigInt(bytes);
    writeWhole(this.#disk, this.#file as number, blocks, position);
  }

  #openNext(): void {
    // Claimed before it is made, so that `rewind` removes it if making it fails half-way.
    this.#segments.push({ base: this.#end, firstUs: undefined });
    this.#folderDirty = true;
    this.#file = this.#disk.open(segmentPath(this.folder, this.#end), 'create');
  }

  #roll(): void {
    if (this.#end > this.#durable) this.#disk.sync(this.#file as number);
    this.#closeFile();
  }

  #closeFile(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) this.#disk.close(file);
  }

  #removeIfThere(base: bigint): void {
    const path = segmentPath(this.folder, base);
    if (this.#disk.list(this.folder).some((name) => path.endsWith(name))) this.#disk.remove(path);
  }
}
