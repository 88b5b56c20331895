/** A version of a codec, without its bytes. It never changes. */
export interface Codec {
  readonly id: string;
  /** Over all codecs of the deployment. */
  readonly number: number;
  readonly tenant: string;
  readonly name: string;
  /** From 1 on, within its name. */
  readonly version: number;
  /** Of the module as it was uploaded, in hexadecimal digits. */
  readonly sha256: string;
  readonly bytes: number;
  /** Instructions of one message. */
  readonly fuelMax: number;
  /** Pages of 64 KiB. */
  readonly memoryPagesMax: number;
  readonly createdAtMs: number;
}
