import { signal } from '@preact/signals';
import type { Answer, Pack, PackInstall, PackKey, PackKeys, PackReport, PackShown, Packs } from './answer.js';
import { PageModel } from './page-model.js';

const path = '/v1/packs';
const keysPath = '/v1/pack-keys';

/** How a pack is installed. */
export interface InstallChoice {
  /** Without a shadow run. */
  readonly now: boolean;
  readonly allowUnsigned: boolean;
}

/** The device packs of a tenant, and the keys whose signatures are trusted. */
export class PackList extends PageModel {
  /** Undefined before the first answer. */
  readonly packs = signal<readonly Pack[] | undefined>(undefined);
  readonly keys = signal<readonly PackKey[] | undefined>(undefined);

  /** What a file is, and what installing it would meet; nothing is changed. */
  verify(file: Blob): Promise<Answer<PackReport>> {
    return this.call('POST', `${path}/verify`, bodyOf(file), { tenant: this.tenant });
  }

  install(file: Blob, { now, allowUnsigned }: InstallChoice): Promise<Answer<PackInstall>> {
    const query = { tenant: this.tenant, now: String(now), allow_unsigned: String(allowUnsigned) };
    return this.change('POST', path, bodyOf(file), query);
  }

  /** With what it holds and what it made. */
  read(name: string): Promise<Answer<PackShown>> {
    return this.call('GET', pathOf(name), undefined, { tenant: this.tenant });
  }

  rollBack(name: string): Promise<Answer<Pack>> {
    return this.change('POST', `${pathOf(name)}/rollback`, {}, { tenant: this.tenant });
  }

  remove(name: string): Promise<Answer<unknown>> {
    return this.change('DELETE', pathOf(name), undefined, { tenant: this.tenant });
  }

  /** Of a built-in pack. */
  enable(name: string, enabled: boolean): Promise<Answer<Pack>> {
    return this.change('PATCH', pathOf(name), { enabled }, { tenant: this.tenant });
  }

  trust(name: string, publicKey: string): Promise<Answer<PackKey>> {
    return this.change('POST', keysPath, { name, public_key: publicKey });
  }

  distrust(id: string): Promise<Answer<unknown>> {
    return this.change('DELETE', `${keysPath}/${encodeURIComponent(id)}`);
  }

  protected sources() {
    const takeKeys = ({ pack_keys: keys }: PackKeys) => {
      this.keys.value = keys;
    };
    return [
      this.source<Packs>(path, ({ packs }) => {
        this.packs.value = packs;
      }),
      { path: keysPath, query: {}, take: takeKeys },
    ];
  }
}

function pathOf(name: string): string {
  return `${path}/${encodeURIComponent(name)}`;
}

function bodyOf(file: Blob): Blob {
  return new Blob([file], { type: 'application/json' });
}
