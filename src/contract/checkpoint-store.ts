/** A place in an object store with the S3 API. */
export interface CheckpointStore {
  /** `http(s)://host[:port]`, where buckets are parts of the path; absent: AWS. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly bucket: string;
  /** Before the names of objects, with no slash at either end; may be empty. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}
