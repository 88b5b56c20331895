import type { LogOwner, LogOwnership } from '../../contract/log-owner.js';
import type { Header, Message } from '../../kafka/client.js';

// The header `database` of a record in telemetry.raw: id of the database, highest numbers of devices and metrics that it had given
// out, ids of databases whose records it took over; with a space between each. Words that are none of these are left for later builds.

const NAME = 'database';
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const NUMBER = /^\d{1,10}$/;

export function ownerHeader({ database, devices, metrics, adopted }: LogOwner): Header {
  return { [NAME]: [database, devices, metrics, ...adopted].join(' ') };
}

/** Undefined: the record names no database, as those of earlier builds, or not in a way that can be read. */
export function readOwner(headers: readonly Header[] | undefined): LogOwner | undefined {
  const value = ownerValue(headers);
  return value && parse(value.toString());
}

function parse(text: string): LogOwner | undefined {
  const [database = '', devices = '', metrics = '', ...rest] = text.split(' ');
  if (!ID.test(database) || !NUMBER.test(devices) || !NUMBER.test(metrics)) return undefined;
  return { database, devices: Number(devices), metrics: Number(metrics), adopted: rest.filter((word) => ID.test(word)) };
}

/** The client library hands values out as buffers. */
function ownerValue(headers: readonly Header[] | undefined): Buffer | undefined {
  if (headers) for (const header of headers) if (NAME in header) return header[NAME] as Buffer;
  return undefined;
}

/** Writes and checks the header of records, which is the same for very many of them. */
export class OwnerHeaders {
  readonly #ownership: LogOwnership;
  #of: LogOwner | undefined;
  #header: Header = {};
  /** Value of the last record that may be run: that of the next one is nearly always the same. */
  #accepted: Buffer | undefined;

  constructor(ownership: LogOwnership) {
    this.#ownership = ownership;
  }

  /** Of a record that is written now. */
  get header(): Header {
    const { current } = this.#ownership;
    if (current !== this.#of) {
      this.#header = ownerHeader(current);
      this.#of = current;
    }
    return this.#header;
  }

  /** Whether a record that was read may be run; else why not. */
  check({ headers, partition, offset }: Message): 'run' | 'damaged' | Error {
    const value = ownerValue(headers);
    if (value === undefined || this.#accepted?.equals(value)) return 'run';
    const owner = parse(value.toString());
    if (!owner) return 'damaged';
    const refusal = this.#ownership.refusalOf({ owner, partition, offset: BigInt(offset) });
    if (refusal) return refusal;
    this.#accepted = value;
    return 'run';
  }
}
