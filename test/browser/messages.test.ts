import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { MqttClient } from 'mqtt';
import { findChromium, noChromium } from './chromium.js';
import { ConsoleSite } from './console-site.js';

const skip = findChromium() || process.env.SPILLWAY_BROWSER_REQUIRED === '1' ? false : noChromium;

describe('MQTT sessions and messages', { skip }, () => {
  let site: ConsoleSite;
  let valve: MqttClient;

  before(async () => {
    site = await ConsoleSite.start();
    for (const device_id of ['valve-1', 'lamp-1']) await site.addDevice({ device_id });
    valve = await site.connect('valve-1');
    await valve.subscribeAsync('devices/valve-1/commands/#', { qos: 1 });
    await site.connect('lamp-1');
  });

  after(async () => {
    await site?.stop();
  });

  test('sessions are searched by client, shown with their subscriptions, and ended', async () => {
    const tab = await site.signedIn('', { width: 1280, height: 800 });
    await tab.go('#/sessions');
    await tab.page.waitForSelector('.rules [data-client="lamp-1"]');
    await tab.page.fill('[aria-label="Client"]', 'valv');
    await tab.page.waitForSelector('.rules [data-client="lamp-1"]', { state: 'detached' });
    await tab.page.focus('button[aria-label="Show the session of valve-1"]');
    await tab.page.keyboard.press('Enter');
    await tab.page.waitForSelector('.dialog .rules code:text-is("devices/valve-1/commands/#")');
    await tab.page.keyboard.press('Escape');
    const ended = new Promise<void>((resolve) => valve.once('close', () => resolve()));
    await tab.page.click('button[aria-label="End the session of valve-1"]');
    await tab.page.click('.dialog button:text-is("End")');
    await ended;
    await tab.page.waitForSelector('.dialog', { state: 'detached' });
    await tab.page.fill('[aria-label="Client"]', 'nobody');
    await tab.page.waitForSelector('.empty h2:text-is("No session matches")');
    tab.assertHealthy();
    await tab.close();
  });

  test('a message is published and retained, found by a topic filter, and deleted, on a phone', async () => {
    const tab = await site.signedIn('', { width: 360, height: 740 });
    await tab.go('#/messages');
    await tab.page.waitForSelector('.empty h2:text-is("No retained messages")');
    const publish = async (topic: string) => {
      await tab.page.click('button:text-is("Publish message")');
      await tab.page.fill('#message-topic', topic);
      await tab.page.fill('#message-payload', '{"target": 20}');
      await tab.page.check('.dialog input[type="checkbox"]');
      await tab.page.press('#message-topic', 'Enter');
    };
    await publish('devices/lamp-1/telemetry');
    await tab.page.waitForSelector('.dialog .refusal:not(:empty)');
    await tab.page.keyboard.press('Escape');
    await publish('plant/hall/setpoint');
    await tab.page.waitForSelector('.dialog p:text-is("Nobody subscribes to its topic now.")');
    await tab.page.click('.dialog button:text-is("Done")');
    await tab.page.waitForSelector('.rules [data-topic="plant/hall/setpoint"] code:text-is(\'{"target": 20}\')');
    await tab.assertFits();
    await tab.page.fill('[aria-label="Topics"]', 'plant/+/mode');
    await tab.page.press('[aria-label="Topics"]', 'Enter');
    await tab.page.waitForSelector('.empty h2:text-is("No topic matches")');
    await tab.page.fill('[aria-label="Topics"]', 'plant/#');
    await tab.page.press('[aria-label="Topics"]', 'Enter');
    await tab.page.click('button[aria-label="Delete the retained message of plant/hall/setpoint"]');
    await tab.page.click('.dialog button:text-is("Delete")');
    await tab.page.waitForSelector('.empty h2:text-is("No topic matches")');
    assert.equal(await tab.page.locator('.rules tbody tr').count(), 0);
    tab.assertHealthy(/status of 4\d\d/);
    await tab.close();
  });
});
