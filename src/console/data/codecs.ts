import { signal } from '@preact/signals';
import type { Answer, Codec, Codecs, CodecTrial, CodecWithUsers } from './answer.js';
import { PageModel } from './page-model.js';
import { base64Of } from './payload.js';

const path = '/v1/codecs';

/** The codecs of a tenant: WebAssembly modules that decode payloads. */
export class CodecList extends PageModel {
  /** Undefined before the first answer. */
  readonly codecs = signal<readonly Codec[] | undefined>(undefined);

  /** The next version of the codec of this name. */
  add(name: string, module: Blob): Promise<Answer<Codec>> {
    return this.change('POST', path, new Blob([module], { type: 'application/wasm' }), { tenant: this.tenant, name });
  }

  /** One with the schemas that name it. */
  read(id: string): Promise<Answer<CodecWithUsers>> {
    return this.call('GET', `${path}/${id}`, undefined, { tenant: this.tenant });
  }

  /** What a payload would become; nothing is stored. */
  try(id: string, payload: Uint8Array): Promise<Answer<CodecTrial>> {
    return this.call('POST', `${path}/${id}/test`, { payload_base64: base64Of(payload) }, { tenant: this.tenant });
  }

  remove(id: string): Promise<Answer<unknown>> {
    return this.change('DELETE', `${path}/${id}`, undefined, { tenant: this.tenant });
  }

  protected sources() {
    return [
      this.source<Codecs>(path, ({ codecs }) => {
        this.codecs.value = codecs;
      }),
    ];
  }
}
