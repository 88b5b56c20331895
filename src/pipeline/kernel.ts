/** What `pipeline.wasm` exports; the docstrings are beside the functions in assembly/. */
export interface PipelineKernel {
  setPartition(number: number): void;
  addMetric(nameBytes: number, number: number): void;
  unknownMetricsDevice(): number;
  processBlocks(offset: number, end: number, logOffset: number, replay: boolean, deny: boolean): number;
  forgetSchemas(): void;
  isRepeated(source: bigint, number: bigint): number;
  noteBlock(source: bigint, number: bigint): number;
  blocksEnd(): number;
  blocksLastUs(): number;
  openBatch(slot: number): void;
  sealBatch(): void;
  batchHasRoom(): number;
  batchRows(): number;
  loseDevices(first: number, last: number): number;
  watch(device: number, on: boolean): void;
  capture(device: number, on: boolean): number;
  latest(device: number): number;
  describeState(): number;
  adoptState(): number;
  openBooks(): void;
  account(device: number): number;
}
