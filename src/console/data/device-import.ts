import { signal } from '@preact/signals';
import type { Answer, Imported } from './answer.js';
import type { Api } from './api.js';

/** Devices of a page of an export. */
const pageDevices = 10_000;

export interface ImportForm {
  readonly file: Blob;
  readonly mayCreateGroups: boolean;
}

/** Devices that are read from a CSV file and written to one. */
export class DeviceImport {
  /** What the last import did, or would do. */
  readonly report = signal<Answer<Imported> | undefined>(undefined);

  constructor(
    private readonly api: Api,
    private readonly tenant: string,
  ) {}

  /** Of a dry run nothing stays. */
  async run({ file, mayCreateGroups }: ImportForm, isDryRun: boolean): Promise<void> {
    const query = { tenant: this.tenant, dry_run: String(isDryRun), create_groups: String(mayCreateGroups) };
    this.report.value = await this.api.call<Imported>('POST', '/v1/devices/import', query, new Blob([file], { type: 'text/csv' }));
  }

  /** All devices of the tenant as an import reads them. */
  async exportAll(): Promise<Answer<Blob>> {
    const pages: string[] = [];
    let after: string | undefined;
    do {
      const answer = await this.api.text('/v1/devices', { tenant: this.tenant, format: 'csv', limit: pageDevices, after });
      if (!answer.ok) return answer;
      // Each page begins with the names of the columns.
      pages.push(pages.length === 0 ? answer.value.text : answer.value.text.slice(answer.value.text.indexOf('\n') + 1));
      after = answer.value.next;
    } while (after !== undefined);
    return { ok: true, value: new Blob(pages, { type: 'text/csv' }) };
  }
}
