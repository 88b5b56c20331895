import { refusalCodes } from '../contract/codes.js';
import type { DeadLetter } from './answer.js';
import { element, setText } from './element.js';
import { formatAge, formatBytes, formatMoment } from './format.js';
import { payloadBytes, previewPayload } from './payload.js';
import { formatRoute } from './route.js';

/** Bytes of a payload in the list, and in an opened entry. */
const lineBytesMax = 160;
const openBytesMax = 16_384;

const codesByName = new Map(refusalCodes.map((code) => [code.name, code]));

/** One dead letter: a line that opens to the whole payload, why it was refused and what helps. */
export class DeadLetterRow {
  readonly root: HTMLDetailsElement;
  readonly #when = element('time');
  readonly #receivedMs: number;

  constructor(readonly letter: DeadLetter) {
    this.#receivedMs = Date.parse(letter.received_at);
    this.#when.dateTime = letter.received_at;
    this.#when.title = formatMoment(this.#receivedMs);
    const bytes = payloadBytes(letter.payload_base64);
    const preview = previewPayload(bytes, lineBytesMax);
    const line = preview.kind === 'hex' ? hexLine(bytes) : preview.kind === 'empty' ? 'empty payload' : preview.text;
    const summary = element(
      'summary',
      {},
      this.#when,
      element('span', { class: 'letter-device' }, letter.device_id),
      element(
        'span',
        { class: 'tag', 'data-status': 'dead' },
        letter.sqlstate === null ? letter.reason : `${letter.reason} ${letter.sqlstate}`,
      ),
      element('code', { class: 'letter-payload' }, line),
      element('span', { class: 'letter-size' }, formatBytes(bytes.length)),
    );
    this.root = element('details', { class: 'letter' }, summary);
    this.root.dataset.reason = letter.reason;
    // Built when first opened: a closed entry costs one line.
    this.root.addEventListener('toggle', () => this.root.append(this.#details(bytes)), { once: true });
  }

  tick(nowMs: number): void {
    setText(this.#when, formatAge(this.#receivedMs, nowMs));
  }

  #details(bytes: Uint8Array): HTMLElement {
    const { letter } = this;
    const code = codesByName.get(letter.reason);
    const device = element(
      'a',
      { href: formatRoute({ page: 'device', tenant: letter.tenant, device: letter.device_id, metrics: [] }) },
      letter.device_id,
    );
    const facts = element(
      'dl',
      {},
      ...fact('Why', code ? code.cause : letter.reason),
      ...(code ? fact('What helps', code.wayOut) : []),
      ...(letter.sqlstate === null ? [] : fact('The database said', `${letter.message ?? ''} (SQLSTATE ${letter.sqlstate})`)),
      ...(letter.metric === null ? [] : fact('Metric', letter.metric)),
      ...fact('Device', device, `, tenant ${letter.tenant}`),
      ...fact('Received', formatMoment(this.#receivedMs)),
      ...fact('In the log', `partition ${letter.partition}, offset ${letter.log_offset}`),
    );
    return element('div', { class: 'letter-details' }, facts, payloadView(bytes));
  }
}

function fact(name: string, ...text: (Node | string)[]): HTMLElement[] {
  return [element('dt', {}, name), element('dd', {}, ...text)];
}

function payloadView(bytes: Uint8Array): HTMLElement {
  const body = element('pre', { tabindex: 0, 'aria-label': 'Payload' });
  const left = element('p', { class: 'hint' });
  const turn = element('button', { type: 'button', class: 'quiet' });
  let hex = false;
  const show = () => {
    const preview = previewPayload(bytes, openBytesMax, hex);
    setText(body, preview.kind === 'empty' ? '(empty)' : preview.text);
    setText(left, preview.bytesLeft > 0 ? `${formatBytes(preview.bytesLeft)} more` : '');
    setText(turn, hex ? 'Show as text' : 'Show as hex');
    // Bytes that are no text have only the one view.
    turn.hidden = !hex && preview.kind !== 'text';
  };
  turn.addEventListener('click', () => {
    hex = !hex;
    show();
  });
  show();
  return element('div', { class: 'payload' }, body, element('div', { class: 'payload-foot' }, left, turn));
}

function hexLine(bytes: Uint8Array): string {
  return [...bytes.subarray(0, 32)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
