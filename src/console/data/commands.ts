import { shellWord } from './format.js';
import { tenantDefault } from './route.js';

/** What stands in for a token in a command line that somebody has yet to complete. */
export const tokenPlaceholder = 'TOKEN';

const sample = `'{"metrics":{"temperature":21.5}}'`;

/** The line that adds a device from a shell beside the appliance. */
export function addCommand(tenant: string, device: string): string {
  const place = `--url ${shellWord(location.origin)}`;
  return `npx spillway device add ${place} --id ${shellWord(device)}${tenant === tenantDefault ? '' : ` --tenant ${shellWord(tenant)}`}`;
}

/** A device's first reading over MQTT; undefined while the port is not known. */
export function mqttCommand(tenant: string, device: string, token: string, mqttPort: number | undefined): string | undefined {
  if (mqttPort === undefined) return undefined;
  const [who, user, word] = [shellWord(device), shellWord(tenant), shellWord(token)];
  const topic = shellWord(`devices/${device}/telemetry`);
  return `mosquitto_pub -h ${location.hostname} -p ${mqttPort} -q 1 -i ${who} -u ${user} -P ${word} -t ${topic} -m ${sample}`;
}

export function httpCommand(tenant: string, device: string, token: string): string {
  const query = tenant === tenantDefault ? '' : `?tenant=${encodeURIComponent(tenant)}`;
  const address = shellWord(`${location.origin}/v1/ingest/${encodeURIComponent(device)}${query}`);
  return `curl -H ${shellWord(`Authorization: Bearer ${token}`)} -d ${sample} ${address}`;
}
