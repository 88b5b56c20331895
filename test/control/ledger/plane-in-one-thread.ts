import {
  BLOCK_AT_BODY_BYTES,
  BLOCK_HEADER_BYTES,
  FLAG_TRANSPORT_HTTP,
  RECORD_AT_DEVICE,
  RECORD_HEADER_BYTES,
} from '../../../assembly/abi/block.js';
import { BLOCK_SLOTS } from '../../../assembly/abi/gateway.js';
import { STAGE_OFFSET } from '../../../assembly/abi/regions.js';
import { PIPELINE_END } from '../../../assembly/abi/state.js';
import type { DeviceEntry } from '../../../src/contract/devices.js';
import type { PartitionAudit, PlaneAudits } from '../../../src/contract/ledger.js';
import { hashToken } from '../../../src/contract/token.js';
import { audit } from '../../../src/gateway/audit.js';
import { Handoff } from '../../../src/gateway/handoff.js';
import { BlockRing } from '../../../src/host/block-ring.js';
import { Doorbell } from '../../../src/host/doorbell.js';
import { kernelMemory } from '../../../src/host/kernel.js';
import { Progress } from '../../../src/host/progress.js';
import { BlockAppender } from '../../../src/log/file/block-appender.js';
import { FileLog } from '../../../src/log/file/file-log.js';
import { LogReader } from '../../../src/log/file/reader.js';
import { Partition } from '../../../src/pipeline/partition.js';
import { KernelDriver } from '../../gateway/kernel-driver.js';
import { ModelDisk } from '../../log/file/model-disk.js';
import { sealBlock } from '../../support/blocks.js';

/** A log reader on whose way one message of a block is lost: the block is sound, as long as it was, and holds one fewer. */
class LossyReader extends LogReader {
  losesNext = false;

  override read(partition: number, offset: bigint, limit: bigint, into: Uint8Array): number {
    const bytes = super.read(partition, offset, limit, into);
    if (!this.losesNext || bytes <= 0) return bytes;
    this.losesNext = false;
    const view = new DataView(into.buffer, into.byteOffset);
    const blockBytes = BLOCK_HEADER_BYTES + view.getUint32(BLOCK_AT_BODY_BYTES, true);
    const device = view.getUint32(BLOCK_HEADER_BYTES + RECORD_AT_DEVICE, true);
    const payload = ' '.repeat(blockBytes - BLOCK_HEADER_BYTES - RECORD_HEADER_BYTES);
    into.set(sealBlock(partition, [{ device, receiveUs: 1n, payload }]));
    return bytes;
  }
}

/** Gateway, log and pipeline of one partition, a step at a time: the real code without threads. */
export class PlaneInOneThread {
  readonly driver: KernelDriver;
  readonly reader: LossyReader;
  readonly ring: BlockRing;
  readonly disk = new ModelDisk();
  readonly #appender: BlockAppender;
  readonly #handoff: Handoff;
  readonly #partition: Partition;
  readonly #progress: Progress;
  #audited: PartitionAudit | undefined;
  #nowMs = 0;

  constructor(devices: readonly Pick<DeviceEntry, 'number' | 'id' | 'status'>[]) {
    const entries = devices.map((device) => ({ ...device, via: 0, tenant: 't', tokenHash: hashToken('t', device.id, 'x') }));
    this.driver = new KernelDriver(entries, 1);
    const { disk } = this;
    const log = FileLog.open({ folder: '/log', partitions: 1, floors: [], report: () => {}, disk });
    this.#progress = new Progress(Progress.memory(1));
    const ringMemory = BlockRing.memory(BLOCK_SLOTS);
    this.ring = new BlockRing(ringMemory);
    this.#appender = new BlockAppender(log, [{ bytes: this.driver.memory.bytes, ring: this.ring }], this.#progress);
    this.#handoff = new Handoff(this.driver.kernel, this.driver.memory, new BlockRing(ringMemory), new Doorbell(Doorbell.memory(1), 0));
    this.reader = new LossyReader('/log', disk);
    this.#partition = new Partition(0, kernelMemory(PIPELINE_END), 0n, this.reader, this.#progress, {
      batch: () => {},
      unknownSchemas: () => {},
      unknownMetrics: () => {},
      halted: (_, message) => {
        throw new Error(message);
      },
      audited: (taken) => {
        this.#audited = taken;
      },
      missing: () => {},
      gap: () => {},
    });
    this.#partition.addMetric('v', 1);
    this.pipeline();
  }

  /** Takes a message in, as one that came over HTTP; answers the code that refused it, or 0. */
  ingest(device: number, payload: string): number {
    const bytes = Buffer.from(payload);
    this.driver.memory.bytes.set(bytes, STAGE_OFFSET);
    return this.driver.kernel.ingest(this.driver.directory.entryOf(device) as number, FLAG_TRANSPORT_HTTP, 0, bytes.length, 1);
  }

  /** Seals what is open and hands it to the log. */
  push(): void {
    this.driver.kernel.sealAll();
    this.#handoff.push();
  }

  /** The log makes durable what it has. */
  log(): void {
    this.#appender.append();
  }

  /** The gateway hears what is durable. */
  release(): void {
    this.#handoff.release(() => this.driver.flush());
  }

  /** The pipeline runs what is durable; an audit is due each time. */
  pipeline(): void {
    this.#nowMs += 2000;
    while (this.#partition.step(this.#nowMs));
  }

  get partition(): Partition {
    return this.#partition;
  }

  audits(): PlaneAudits {
    const gateways = [audit(0, this.driver.kernel, this.driver.memory, this.#handoff)];
    return { gateways, partitions: this.#audited ? [this.#audited] : [] };
  }
}
