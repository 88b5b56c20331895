import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import type { Browser } from 'playwright-core';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { launchChromium } from './chromium.js';
import { ConsoleTab } from './console-tab.js';

export const token = 'browser-test-token';

/** An appliance with a browser beside it and devices that publish to it. */
export class ConsoleSite {
  readonly #clients: MqttClient[] = [];

  private constructor(
    private readonly stateFolder: string,
    readonly browser: Browser,
    public appliance: Appliance,
  ) {}

  static async start(): Promise<ConsoleSite> {
    const browser = await launchChromium();
    const stateFolder = mkdtempSync(join(tmpdir(), 'spillway-console-'));
    return new ConsoleSite(stateFolder, browser, await startAppliance({ SPILLWAY_STATE: stateFolder }));
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) await client.endAsync(true);
    await this.browser.close();
    await this.appliance.stop();
    rmSync(this.stateFolder, { recursive: true, force: true });
  }

  /** Starts the appliance again after a stop, on the same state and ports. */
  async startAgain(): Promise<void> {
    const { http, mqttPort } = this.appliance;
    const ports = { SPILLWAY_HTTP_PORT: new URL(http).port, SPILLWAY_MQTT_PORT: String(mqttPort) };
    this.appliance = await startAppliance({ SPILLWAY_STATE: this.stateFolder, ...ports });
  }

  async post(path: string, body: unknown): Promise<Response> {
    const headers = { authorization: `Bearer ${this.appliance.adminKey}`, 'content-type': 'application/json' };
    return await fetch(`${this.appliance.http}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  async addDevice(device: Record<string, unknown>): Promise<void> {
    const answer = await this.post('/v1/devices', { token, ...device });
    assert.equal(answer.status, 201, await answer.text());
  }

  async connect(clientId: string, tenant = 'default'): Promise<MqttClient> {
    const options = { clientId, username: tenant, password: token, reconnectPeriod: 100 };
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${this.appliance.mqttPort}`, options);
    client.on('error', () => {}); // It connects again by itself.
    this.#clients.push(client);
    return client;
  }

  signedIn(fragment = '', viewport?: { width: number; height: number }): Promise<ConsoleTab> {
    return ConsoleTab.open(this.browser, this.appliance.http, `#key=${encodeURIComponent(this.appliance.adminKey)}${fragment}`, viewport);
  }
}

export async function publish(client: MqttClient, device: string, metrics: Record<string, unknown>, ts = Date.now()): Promise<void> {
  await client.publishAsync(`devices/${device}/telemetry`, JSON.stringify({ ts, metrics }), { qos: 1 });
}
