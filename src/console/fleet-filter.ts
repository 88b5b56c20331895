import { element } from './element.js';
import type { FleetFilter } from './fleet-scan.js';
import { formatRoute } from './route.js';

const typingPauseMs = 200;
const statuses = ['active', 'inactive', 'quarantined', 'decommissioned'];

/** Search text, status, connection, and which tenant's fleet this is. */
export class FleetFilterBar {
  readonly root: HTMLElement;
  readonly #text = element('input', {
    type: 'search',
    placeholder: 'Search id, class, gateway',
    'aria-label': 'Search devices',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  readonly #status = choice('Status', [['', 'Any status'], ...statuses.map((status): [string, string] => [status, status])]);
  readonly #connection = choice('Connection', [
    ['', 'Any connection'],
    ['connected', 'Connected'],
    ['away', 'Not connected'],
  ]);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(tenant: string, onChange: (filter: FleetFilter) => void) {
    const tell = () => {
      clearTimeout(this.#timer);
      onChange({
        text: this.#text.value.trim(),
        status: this.#status.value,
        connection: this.#connection.value as FleetFilter['connection'],
      });
    };
    this.#text.addEventListener('input', () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(tell, typingPauseMs);
    });
    this.#text.addEventListener('search', tell);
    this.#status.addEventListener('change', tell);
    this.#connection.addEventListener('change', tell);
    this.root = element('div', { class: 'filters', role: 'search' }, this.#text, this.#status, this.#connection, tenantForm(tenant));
  }
}

function choice(label: string, options: [value: string, text: string][]): HTMLSelectElement {
  return element('select', { 'aria-label': label }, ...options.map(([value, text]) => element('option', { value }, text)));
}

function tenantForm(tenant: string): HTMLElement {
  const input = element('input', { id: 'tenant', value: tenant, autocomplete: 'off', spellcheck: 'false', maxlength: 64, size: 10 });
  const form = element('form', { class: 'tenant' }, element('label', { for: 'tenant' }, 'Tenant'), input);
  const go = () => {
    const wanted = input.value.trim();
    if (wanted && wanted !== tenant) location.hash = formatRoute({ page: 'fleet', tenant: wanted });
  };
  input.addEventListener('change', go);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    go();
  });
  return form;
}
