import { isUtf8 } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import { CsvError, parse } from 'csv-parse';
import type { ImportAnswer } from '../../contract/answers/devices.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { storedToken } from '../../contract/token.js';
import { firstProblem } from '../../http/input.js';
import { CSV_COLUMNS, type CsvRow, csvRowSchema, rowOf } from './csv-row.js';
import { detailsPatch, newDetails } from './details-input.js';
import { type Device, NO_METADATA } from './device.js';
import { isTokenTooShort } from './device-id.js';
import { type DeviceUpdate, patched, patchTo } from './device-patch.js';
import type { DeviceRow } from './device-rows.js';
import { newToken } from './new-device.js';
import type { Registry } from './registry.js';

const PROBLEMS_MAX = 1000;
/** Rows that are written together. */
const BATCH_ROWS = 1000;
/** Read before other work has its turn. */
const PIECE_BYTES = 65_536;
const COLUMNS: ReadonlySet<string> = new Set([...CSV_COLUMNS, 'token']);

export interface ImportRules {
  readonly tenant: string;
  readonly isDryRun: boolean;
  readonly mayCreateGroups: boolean;
}

interface Pending {
  readonly line: number;
  readonly row: CsvRow;
}

/** Registers and changes devices as the rows of a CSV say; a row that cannot be taken is reported, and the others are. */
export async function importDevices(registry: Registry, csv: Uint8Array, rules: ImportRules): Promise<ImportAnswer | ApiFailure> {
  if (!isUtf8(csv)) return new ApiFailure('body_malformed', 'import devices', 'it is not UTF-8');
  const importing = new Import(registry, rules);
  for await (const { record, line, error } of recordsOf(csv)) {
    if (error !== undefined) importing.fail(line, null, `${error}; nothing from here on was read`);
    else if (importing.header) await importing.take(record, line);
    else {
      const problem = importing.begin(record);
      if (problem) return problem;
    }
  }
  if (!importing.header) return new ApiFailure('body_invalid', 'import devices', 'it has no header; its first line names the columns');
  await importing.flush();
  return importing.report;
}

/** The records with the lines on which they end; the last may be an error. */
async function* recordsOf(csv: Uint8Array): AsyncGenerator<{ record: readonly string[]; line: number; error?: string }> {
  const found: { record: readonly string[]; line: number }[] = [];
  let failure: CsvError | Error | undefined;
  const parser = parse({
    ...{ bom: true, relax_column_count: true, skip_empty_lines: true },
    delimiter: delimiterOf(csv),
    record_delimiter: ['\r\n', '\n', '\r'],
    // Records are taken from here and not from the stream, which forgets those before an error.
    on_record: (record: string[], { lines }) => void found.push({ record, line: lines }),
  });
  parser.on('error', (error) => {
    failure = error;
  });
  for (let at = 0; at < csv.length && !failure; at += PIECE_BYTES) {
    await new Promise<void>((resolve) => parser.write(csv.subarray(at, at + PIECE_BYTES), () => resolve()));
    yield* found.splice(0);
  }
  if (!failure)
    await new Promise<void>((resolve) =>
      parser
        .on('close', resolve)
        .on('end', resolve)
        .on('error', () => resolve())
        .resume()
        .end(),
    );
  yield* found.splice(0);
  if (!failure) return;
  if (!(failure instanceof CsvError)) throw failure;
  yield { record: [], line: Number(failure.lines ?? 0), error: failure.message.split(':')[0]!.toLowerCase() };
}

class Import {
  readonly report: ImportAnswer;
  header: readonly string[] | undefined;
  readonly #registry: Registry;
  readonly #rules: ImportRules;
  readonly #lines = new Map<string, number>();
  readonly #groups = new Set<string>();
  #pending: Pending[] = [];

  constructor(registry: Registry, rules: ImportRules) {
    this.#registry = registry;
    this.#rules = rules;
    const counts = { rows: 0, created: 0, updated: 0, unchanged: 0, failed: 0, groups_created: 0, problems_left_out: 0 };
    this.report = { dry_run: rules.isDryRun, ...counts, problems: [], tokens: [] };
  }

  begin(record: readonly string[]): ApiFailure | undefined {
    this.header = record.map((name) => name.trim());
    const unknown = this.header.find((name) => !COLUMNS.has(name));
    const twice = this.header.find((name, index) => this.header!.indexOf(name) !== index);
    const cause =
      unknown !== undefined
        ? `its header names ${unknown}, which is no column of devices`
        : twice !== undefined
          ? `its header names ${twice} twice`
          : this.header.includes('device_id')
            ? undefined
            : 'its header lacks device_id';
    return cause === undefined ? undefined : new ApiFailure('body_invalid', 'import devices', cause);
  }

  async take(record: readonly string[], line: number): Promise<void> {
    this.report.rows++;
    const header = this.header!;
    const [id = ''] = record.filter((_, index) => header[index] === 'device_id');
    if (record.length !== header.length) return this.fail(line, id, `it has ${record.length} cells, the header ${header.length}`, true);
    const cells = rowOf(Object.fromEntries(header.map((name, index) => [name, record[index]!])));
    if (typeof cells === 'string') return this.fail(line, id, cells, true);
    const { success, data: row, error } = csvRowSchema.safeParse(cells);
    if (!success) return this.fail(line, id, firstProblem(error), true);
    const first = this.#lines.get(id);
    if (first !== undefined) return this.fail(line, id, `device_id is on line ${first} already`, true);
    this.#lines.set(id, line);
    // A gateway of the same file has to be there before the devices that name it.
    const isAwaited = row.via !== undefined && row.via !== null && this.#pending.some((other) => other.row.device_id === row.via);
    if (isAwaited || this.#pending.length >= BATCH_ROWS) await this.flush();
    this.#pending.push({ line, row });
    return undefined;
  }

  fail(line: number, id: string | null, reason: string, isCounted = false): undefined {
    if (!isCounted) this.report.rows++;
    this.report.failed++;
    if (this.report.problems.length < PROBLEMS_MAX) this.report.problems.push({ line, device_id: id, reason });
    else this.report.problems_left_out++;
  }

  /** Writes what is pending. */
  async flush(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    const creating: { line: number; row: CsvRow; device: DeviceRow; token: string }[] = [];
    const changing = new Map<Device, DeviceUpdate>();
    const lines = new Map<Device, number>();
    for (const { line, row } of pending) {
      const known = this.#registry.get(this.#rules.tenant, row.device_id);
      const failure = await this.#missingGroups(row);
      const made = failure ?? (known ? this.#changeOf(known, row) : this.#deviceOf(row));
      if (made instanceof ApiFailure) this.fail(line, row.device_id, causeOf(made), true);
      else if ('device' in made) creating.push({ line, row, ...made });
      else if (made.update === undefined) this.report.unchanged++;
      else {
        changing.set(known!, made.update);
        lines.set(known!, line);
      }
    }
    if (this.#rules.isDryRun) {
      this.report.created += creating.length;
      this.report.updated += changing.size;
      return;
    }
    await this.#create(creating);
    await this.#change(changing, lines);
  }

  async #create(creating: readonly { line: number; row: CsvRow; device: DeviceRow; token: string }[]): Promise<void> {
    const created = creating.length === 0 ? [] : await this.#registry.createMany(creating.map(({ device }) => device));
    const fresh = new Map(created instanceof ApiFailure ? [] : created.map((device) => [device.id, device]));
    const changing = new Map<Device, DeviceUpdate>();
    for (const { line, row, token } of creating) {
      const device = fresh.get(row.device_id);
      if (!device) {
        this.fail(line, row.device_id, created instanceof ApiFailure ? causeOf(created) : 'another call registered it meanwhile', true);
        continue;
      }
      this.report.created++;
      if (row.token === undefined) this.report.tokens.push({ device_id: row.device_id, auth_token: token });
      if (row.status !== undefined && row.status !== 'active') changing.set(device, { status: row.status });
    }
    if (changing.size > 0) await this.#registry.updateMany(changing);
  }

  async #change(changing: ReadonlyMap<Device, DeviceUpdate>, lines: ReadonlyMap<Device, number>): Promise<void> {
    if (changing.size === 0) return;
    const changed = await this.#registry.updateMany(changing);
    if (!(changed instanceof ApiFailure)) {
      this.report.updated += changing.size;
      return;
    }
    // One of them cannot be: the others are changed one by one.
    for (const [device, update] of changing) {
      const one = await this.#registry.update(device, update);
      if (one instanceof ApiFailure) this.fail(lines.get(device)!, device.id, causeOf(one), true);
      else this.report.updated++;
    }
  }

  async #missingGroups({ groups }: CsvRow): Promise<ApiFailure | undefined> {
    const { tenant, isDryRun, mayCreateGroups } = this.#rules;
    for (const path of groups ?? []) {
      const names = path.split('/');
      for (let depth = 1; depth <= names.length; depth++) {
        const part = names.slice(0, depth).join('/');
        if (this.#registry.groups.of(tenant).find(part) || this.#groups.has(part)) continue;
        if (!mayCreateGroups) return new ApiFailure('group_unknown', 'import devices', `${part} is no group of the tenant`);
        const made = isDryRun
          ? undefined
          : await this.#registry.groups.create(tenant, names[depth - 1]!, { parent: names.slice(0, depth - 1).join('/') || null });
        if (made instanceof ApiFailure && made.error.code !== 'group_exists') return made;
        this.#groups.add(part);
        this.report.groups_created++;
      }
    }
    return undefined;
  }

  #detailsOf(row: CsvRow) {
    const isMade = (path: string) => this.#registry.groups.of(this.#rules.tenant).find(path) !== undefined;
    // A dry run makes no groups: what it says of them is that they would be made.
    const groups = this.#rules.isDryRun ? row.groups?.filter(isMade) : row.groups;
    return detailsPatch({ ...row, groups }, this.#registry.groups.of(this.#rules.tenant), 'import devices');
  }

  #deviceOf(row: CsvRow): { device: DeviceRow; token: string } | ApiFailure {
    const { tenant } = this.#rules;
    const { device_id: id, token = newToken(), device_class: deviceClass = null, firmware_version: firmwareVersion } = row;
    if (isTokenTooShort(token)) return new ApiFailure('token_too_short', 'import devices', 'token has too few characters');
    const via = this.#viaOf(row);
    if (via instanceof ApiFailure) return via;
    const patch = this.#detailsOf(row);
    if (patch instanceof ApiFailure) return patch;
    const details = newDetails(patch, 'import devices');
    if (details instanceof ApiFailure) return details;
    const tokenHash = storedToken(tenant, id, token);
    return { device: { tenant, id, tokenHash, via, deviceClass, firmwareVersion, metadata: row.metadata ?? NO_METADATA, details }, token };
  }

  #viaOf({ via }: CsvRow): number | ApiFailure {
    if (via === undefined || via === null) return 0;
    const number = this.#registry.get(this.#rules.tenant, via)?.number;
    if (number !== undefined) return number;
    if (this.#rules.isDryRun && this.#lines.has(via)) return 0;
    return new ApiFailure('gateway_unknown', 'import devices', `via names ${via}, which is no device of the tenant`);
  }

  #changeOf(device: Device, row: CsvRow): { update: DeviceUpdate | undefined } | ApiFailure {
    const via = this.#viaOf(row);
    if (via instanceof ApiFailure) return via;
    if (row.via !== undefined && via !== device.via)
      return new ApiFailure('body_invalid', 'import devices', 'via of a device cannot be changed');
    const patch = this.#detailsOf(row);
    if (patch instanceof ApiFailure) return patch;
    const tags = row.tags && patchTo(device.details.tags, row.tags);
    const update = {
      status: row.status,
      deviceClass: row.device_class,
      firmwareVersion: row.firmware_version,
      metadata: row.metadata && patchTo(device.metadata, row.metadata),
      details: patch && { ...patch, ...(tags ? { tags: tags as Record<string, string | null> } : {}) },
    };
    const after = patched(device, update);
    if (typeof after === 'string') return new ApiFailure('body_invalid', 'import devices', after);
    const isSame = Object.entries(after).every(([member, value]) => isDeepStrictEqual(value, device[member as keyof typeof after]));
    return { update: isSame ? undefined : update };
  }
}

/** What is after the colon. */
function causeOf(failure: ApiFailure): string {
  const at = failure.message.indexOf(': ');
  return at < 0 ? failure.message : failure.message.slice(at + 2);
}

/** Spreadsheets of many countries write a semicolon. */
function delimiterOf(csv: Uint8Array): string {
  const end = csv.findIndex((byte) => byte === 0x0a || byte === 0x0d);
  const header = Buffer.from(csv.subarray(0, end < 0 ? csv.length : end)).toString();
  return header.includes(';') && !header.includes(',') ? ';' : header.includes('\t') && !header.includes(',') ? '\t' : ',';
}
