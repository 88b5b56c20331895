import { element } from './element.js';
import { shellWord } from './format.js';
import { tenantDefault } from './route.js';

/** What stands in for a token in a command line that somebody has yet to complete. */
export const tokenPlaceholder = 'TOKEN';

const sample = `'{"metrics":{"temperature":21.5}}'`;

/** The line that adds a device from a shell beside the appliance. */
export function addCommand(tenant: string, device: string): string {
  return `npx spillway device add --id ${shellWord(device)}${tenant === tenantDefault ? '' : ` --tenant ${shellWord(tenant)}`}`;
}

/** MQTT's own port until the appliance has told which one it listens on. */
let mqttPort = 1883;

export function learnMqttPort(port: number): void {
  mqttPort = port;
}

/** A device's first reading over MQTT. */
export function mqttCommand(tenant: string, device: string, token: string): string {
  const [who, user, word] = [shellWord(device), shellWord(tenant), shellWord(token)];
  const topic = shellWord(`devices/${device}/telemetry`);
  return `mosquitto_pub -h ${location.hostname} -p ${mqttPort} -q 1 -i ${who} -u ${user} -P ${word} -t ${topic} -m ${sample}`;
}

export function httpCommand(tenant: string, device: string, token: string): string {
  const query = tenant === tenantDefault ? '' : `?tenant=${encodeURIComponent(tenant)}`;
  const address = shellWord(`${location.origin}/v1/ingest/${encodeURIComponent(device)}${query}`);
  return `curl -H ${shellWord(`Authorization: Bearer ${token}`)} -d ${sample} ${address}`;
}

/** A command line with a button that copies it. */
export function commandLine(label: string, command: string): HTMLElement {
  const line = element('div', { class: 'command' }, element('span', { class: 'command-label' }, label), element('code', {}, command));
  // The clipboard is there only on https and on this machine itself.
  if (!navigator.clipboard) return line;
  const copy = element('button', { type: 'button', class: 'quiet', 'aria-label': `Copy the command: ${label}` }, 'Copy');
  copy.addEventListener('click', () => {
    navigator.clipboard.writeText(command).then(
      () => flash(copy, 'Copied'),
      () => flash(copy, 'Not allowed'),
    );
  });
  line.append(copy);
  return line;
}

function flash(button: HTMLElement, text: string): void {
  button.textContent = text;
  setTimeout(() => {
    button.textContent = 'Copy';
  }, 1500);
}

/** A panel for a place where there is nothing to show yet. */
export function emptyState(title: string, text: string, ...children: HTMLElement[]): HTMLElement {
  return element('section', { class: 'empty' }, element('h2', {}, title), element('p', {}, text), ...children);
}
