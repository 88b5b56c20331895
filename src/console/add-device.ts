import type { Registered } from './answer.js';
import type { Api } from './api.js';
import { element, setText } from './element.js';
import { commandLine, httpCommand, mqttCommand } from './guide.js';
import { formatRoute } from './route.js';

/** Opens the dialog that registers one device and shows its token, which the registry shows only this once. */
export function openAddDevice(api: Api, tenant: string, onAdded: () => void): void {
  const id = element('input', {
    id: 'new-device',
    name: 'device',
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: 128,
    placeholder: 'dev-000001',
  });
  const refusal = element('p', { class: 'refusal', role: 'alert' });
  const cancel = element('button', { type: 'button', class: 'quiet' }, 'Cancel');
  const add = element('button', { type: 'submit', class: 'primary' }, 'Add device');
  const form = element(
    'form',
    {},
    element('h2', {}, 'Add a device'),
    element('label', { for: 'new-device' }, `Device id in tenant ${tenant}`),
    id,
    element('p', { class: 'hint' }, 'It is also the MQTT client id. Left empty, Spillway makes one up.'),
    refusal,
    element('div', { class: 'actions' }, cancel, add),
  );
  const dialog = element('dialog', { class: 'dialog', 'aria-label': 'Add a device' }, form);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    add.disabled = true;
    const wanted = id.value.trim();
    const answer = await api.register({ tenant, ...(wanted ? { device_id: wanted } : {}) });
    add.disabled = false;
    if (!answer.ok) {
      setText(refusal, [answer.refusal.message, answer.refusal.wayOut].filter(Boolean).join('. '));
      return;
    }
    dialog.replaceChildren(registered(answer.value, () => dialog.close()));
    onAdded();
  });
  cancel.addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function registered(device: Registered, close: () => void): HTMLElement {
  const { device_id, tenant, auth_token } = device;
  const open = element(
    'a',
    { class: 'button primary', href: formatRoute({ page: 'device', tenant, device: device_id, metrics: [] }) },
    'Watch it live',
  );
  const done = element('button', { type: 'button', class: 'quiet' }, 'Done');
  open.addEventListener('click', close);
  done.addEventListener('click', close);
  return element(
    'section',
    {},
    element('h2', {}, `${device_id} is registered`),
    element('p', {}, 'This is its token. It is shown only now: Spillway keeps no more than a hash of it.'),
    commandLine('Token', auth_token),
    element('p', {}, 'Send a first reading:'),
    commandLine('MQTT', mqttCommand(tenant, device_id, auth_token)),
    commandLine('HTTP', httpCommand(tenant, device_id, auth_token)),
    element('div', { class: 'actions' }, done, open),
  );
}
