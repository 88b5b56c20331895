import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { authority, reachableHost } from '../contract/host-address.js';

/** Where the appliance of a state folder listens, for commands in other shells. */
export interface Address {
  /** `http://host:port`, with a host that can be connected to. */
  readonly http: string;
  readonly mqttPort: number;
  readonly pid: number;
}

const name = 'address';

/** Writes it whole or not at all; whoever may read the admin key may read it. */
export function writeAddress(stateFolder: string, httpUrl: string, mqttPort: number): void {
  const address: Address = { http: reachable(httpUrl), mqttPort, pid: process.pid };
  const file = join(stateFolder, name);
  writeFileSync(`${file}.new`, `${JSON.stringify(address)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function removeAddress(stateFolder: string): void {
  rmSync(join(stateFolder, name), { force: true });
}

/** Undefined where no appliance runs on the folder: a file that a killed one left names a process that is gone. */
export function readAddress(stateFolder: string): Address | undefined {
  try {
    const address = JSON.parse(readFileSync(join(stateFolder, name), 'utf8')) as Address;
    return isAlive(address.pid) ? address : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Another user's process is one, too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function reachable(httpUrl: string): string {
  const { hostname, port } = new URL(httpUrl);
  return `http://${authority(reachableHost(hostname.replace(/^\[|\]$/g, '')), Number(port))}`;
}
