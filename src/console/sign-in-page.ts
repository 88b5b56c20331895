import { Api } from './api.js';
import { element, setAttribute, setText } from './element.js';
import type { Page } from './page.js';

/** Asks for the admin key; `onKey` gets it once the appliance has accepted it. */
export class SignInPage implements Page {
  readonly title = 'Sign in';
  readonly root: HTMLElement;
  readonly #key = element('input', {
    id: 'admin-key',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
    'aria-describedby': 'sign-in-refusal',
  });
  readonly #refusal = element('p', { id: 'sign-in-refusal', class: 'refusal', role: 'alert' });
  readonly #submit = element('button', { type: 'submit', class: 'primary' }, 'Sign in');

  constructor(
    reason: string,
    private readonly onKey: (key: string) => void,
  ) {
    const form = element(
      'form',
      { class: 'card' },
      element('h1', { tabindex: -1 }, element('img', { src: '/favicon.svg', alt: '', width: 28, height: 28 }), 'Spillway'),
      element('label', { for: 'admin-key' }, 'Admin key'),
      this.#key,
      this.#refusal,
      this.#submit,
      element(
        'p',
        { class: 'hint' },
        'The key is the one in SPILLWAY_ADMIN_KEY. Where none was set, Spillway made one at its first start: it printed it then and keeps it in its state folder.',
      ),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#try();
    });
    setText(this.#refusal, reason);
    this.root = element('main', { id: 'content', class: 'sign-in' }, form);
  }

  tick(): void {}

  close(): void {}

  focus(): void {
    this.#key.focus();
  }

  async #try(): Promise<void> {
    const key = this.#key.value.trim();
    this.#submit.disabled = true;
    const answer = await new Api(key).stats();
    this.#submit.disabled = false;
    if (answer.ok) return this.onKey(key);
    const { code, message } = answer.refusal;
    const refused = code === 'admin_key_invalid';
    setText(this.#refusal, refused ? 'This key is not the admin key of this Spillway.' : `${message} (${code})`);
    setAttribute(this.#key, 'aria-invalid', String(refused));
    if (refused) this.#key.select();
  }
}
