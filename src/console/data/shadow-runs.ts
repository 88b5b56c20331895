import { signal } from '@preact/signals';
import type { Answer, Codecs, ShadowRun, ShadowRuns } from './answer.js';
import { PageModel } from './page-model.js';
import { bodyOf } from './schemas.js';
import type { ShadowDraft } from './shadow-draft.js';

/** While a run is under way its report grows. */
const runningMs = 1000;

export interface ShadowForm extends ShadowDraft {
  /** Of the messages of the class. */
  readonly percent: string;
  readonly lastMinutes: string;
  readonly liveMinutes: string;
}

/** Shadow runs of a process: what is not active yet beside what is, over messages of the log. */
export class ShadowRunList extends PageModel {
  /** Undefined before the first answer. */
  readonly runs = signal<readonly ShadowRun[] | undefined>(undefined);
  readonly codecFormats = signal<readonly string[]>([]);

  begin(form: ShadowForm): Promise<Answer<ShadowRun>> {
    const { deviceClass, firmware, percent, lastMinutes, liveMinutes } = form;
    const schema = { device_class: deviceClass, firmware_version: firmware || '*', ...bodyOf(form), major: form.isMajor };
    const extent = { percent: Number(percent), last_minutes: Number(lastMinutes), live_minutes: Number(liveMinutes) };
    return this.change('POST', '/v1/shadow-runs', { tenant: this.tenant, schema, ...extent });
  }

  activate(id: number): Promise<Answer<unknown>> {
    return this.change('POST', `/v1/shadow-runs/${id}/activate`, {});
  }

  protected override get refreshMs(): number {
    return this.runs.peek()?.some(({ state }) => state === 'running') ? runningMs : super.refreshMs;
  }

  protected sources() {
    const take = ({ shadow_runs: runs }: ShadowRuns) => {
      this.runs.value = runs.filter(({ tenant }) => tenant === this.tenant);
    };
    const codecs = this.source<Codecs>('/v1/codecs', ({ codecs: found }) => {
      this.codecFormats.value = found.map(({ format }) => format);
    });
    return [{ path: '/v1/shadow-runs', query: {}, take }, codecs];
  }
}
