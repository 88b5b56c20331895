import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import mqtt from 'mqtt';
import { findChromium, noChromium } from './chromium.js';
import { ConsoleSite } from './console-site.js';

const skip = findChromium() || process.env.SPILLWAY_BROWSER_REQUIRED === '1' ? false : noChromium;
const fingerprint = 'ab'.repeat(32);

describe('with what devices prove who they are', { skip }, () => {
  let site: ConsoleSite;

  before(async () => {
    site = await ConsoleSite.start();
    for (const device_id of ['meter-1', 'meter-2', 'meter-3']) await site.addDevice({ device_id });
  });

  after(async () => {
    await site?.stop();
  });

  for (const [device, width] of [
    ['meter-1', 1280],
    ['meter-2', 360],
  ] as const) {
    test(`a token is added, shown once, lets the device in, and is revoked; ${width} wide`, async () => {
      const tab = await site.signedIn('', { width, height: 800 });
      await tab.go(`#/devices/${device}`);
      await tab.page.waitForSelector('.credentials .hint:text-is("None beside its token.")');
      await tab.page.focus('button:text-is("Add credential")');
      await tab.page.keyboard.press('Enter');
      await tab.page.fill('#credential-until', '2000-01-01T00:00');
      await tab.page.fill('#credential-from', '2010-01-01T00:00');
      await tab.page.press('#credential-until', 'Enter');
      await tab.page.waitForSelector('.dialog .refusal:has-text("expires_at must be after not_before")');
      await tab.page.fill('#credential-until', '2100-01-01T00:00');
      await tab.page.press('#credential-until', 'Enter');
      const token = (await tab.text('.dialog .command code')).trim();
      await tab.assertFits();
      await tab.page.keyboard.press('Escape');
      await tab.page.waitForSelector('.credentials [data-credential="token"] .tag:has-text("until ")');
      assert.equal((await tab.text('body')).includes(token), false, 'the token is shown once');
      const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${site.appliance.mqttPort}`, {
        clientId: device,
        username: 'default',
        password: token,
        reconnectPeriod: 0,
      });
      const ended = new Promise<void>((resolve) => client.once('close', () => resolve()));
      await tab.page.click('button:text-is("Revoke")');
      await tab.page.click('.dialog button:text-is("Revoke")');
      await tab.page.waitForSelector('.credentials .hint:text-is("None beside its token.")');
      await ended;
      tab.assertHealthy(/status of 400/);
      await tab.close();
    });
  }

  test('keys and certificates are added, and say what they are; a token is replaced with no grace', async () => {
    const tab = await site.signedIn();
    await tab.go('#/devices/meter-3');
    const add = async (type: string, material: string) => {
      await tab.page.click('button:text-is("Add credential")');
      await tab.page.selectOption('#credential-type', type);
      await tab.page.fill('#credential-material', material);
      await tab.page.click('.dialog button:text-is("Add credential")');
    };
    await add('psk', 'short');
    await tab.page.waitForSelector('.dialog .refusal:has-text("key must have 8 to 64 bytes")');
    await tab.page.fill('#credential-material', '00112233445566778899');
    await tab.page.selectOption('#credential-form', 'hex');
    await tab.page.click('.dialog button:text-is("Add credential")');
    await tab.page.waitForSelector('.dialog .command:has-text("Identity") code:text-is("meter-3")');
    await tab.page.waitForSelector('.dialog .command:has-text("Key in hexadecimal") code:text-is("00112233445566778899")');
    await tab.page.click('.dialog button:text-is("Done")');
    await add('x509', fingerprint);
    await tab.page.click('.dialog button:text-is("Done")');
    await tab.page.waitForSelector(`.credentials [data-credential="x509"] .hint:has-text("SHA-256 ${fingerprint}")`);
    assert.equal(await tab.page.locator('.credentials li').count(), 2);
    await tab.page.click('button:text-is("New token")');
    await tab.page.selectOption('#token-grace', '0');
    await tab.page.click('.dialog .primary');
    await tab.page.waitForSelector('.dialog .command code');
    assert.equal((await tab.text('.dialog')).includes('stays valid until'), false);
    tab.assertHealthy(/status of 400/);
    await tab.close();
  });
});
