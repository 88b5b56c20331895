import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { after, before, describe, test } from 'node:test';
import { waterFrame, waterMeter } from '../support/codec-modules.js';
import { boilerPack, newSigner, packFile } from '../support/packs.js';
import { findChromium, noChromium } from './chromium.js';
import { ConsoleSite, publish } from './console-site.js';

const skip = findChromium() || process.env.SPILLWAY_BROWSER_REQUIRED === '1' ? false : noChromium;

describe('how payloads are decoded', { skip }, () => {
  let site: ConsoleSite;
  let module: Buffer;

  before(async () => {
    site = await ConsoleSite.start();
    module = Buffer.from(await waterMeter());
  });

  after(async () => {
    await site?.stop();
  });

  test('a codec is uploaded, tried on a frame, put in place by the next version of a schema, and kept while it is used', async () => {
    const definition = { fields: {} };
    const made = await site.post('/v1/schemas', { device_class: 'meter', format: 'json', schema_definition: definition, mode: 'flexible' });
    const { schema_id: schema } = (await made.json()) as { schema_id: string };
    const tab = await site.signedIn('', { width: 360, height: 740 });
    await tab.go('#/codecs');
    const upload = async (buffer: Buffer) => {
      await tab.page.click('button:text-is("Upload codec")');
      await tab.page.fill('#codec-name', 'water-meter');
      await tab.page.setInputFiles('#codec-module', { name: 'codec.wasm', mimeType: 'application/wasm', buffer });
      await tab.page.press('#codec-name', 'Enter');
    };
    await upload(Buffer.from('no module'));
    await tab.page.waitForSelector('.dialog .refusal:not(:empty)');
    await tab.page.keyboard.press('Escape');
    await upload(module);
    await tab.page.waitForSelector('.rules [data-codec="codec:water-meter@1"]');
    await tab.assertFits();
    await tab.page.click('button[aria-label="Try codec:water-meter@1"]');
    await tab.page.waitForSelector('.dialog dd:text-is("no schema")');
    await tab.page.selectOption('#codec-form', 'hex');
    await tab.page.fill('#codec-payload', '5');
    await tab.page.click('.dialog button:text-is("Try")');
    await tab.page.waitForSelector('.dialog .refusal:has-text("not in hexadecimal digits")');
    await tab.page.fill('#codec-payload', waterFrame().toString('hex'));
    await tab.page.click('.dialog button:text-is("Try")');
    await tab.page.waitForSelector('.dialog .readings td.value');
    assert.match(await tab.text('.dialog .readings caption'), /^\d+ readings?$/);
    await tab.page.waitForSelector('.dialog .outcome p:has-text("instructions")');
    await tab.page.keyboard.press('Escape');
    await tab.go(`#/schemas/${schema}`);
    await tab.page.selectOption('#schema-format', 'codec:water-meter@1');
    await tab.page.check('[aria-label="Next version"] input[type="checkbox"]');
    await tab.page.click('button:text-is("Make version")');
    await tab.page.waitForSelector('.schema-version summary:has-text("Version 2, codec:water-meter@1")');
    await tab.go('#/codecs');
    await tab.page.click('button[aria-label="Delete codec:water-meter@1"]');
    await tab.page.click('.dialog button:text-is("Delete")');
    await tab.page.waitForSelector('.dialog .refusal:not(:empty)');
    tab.assertHealthy(/status of 4\d\d/);
    await tab.close();
  });

  test('a pack is verified, trusted, installed, shown, upgraded, rolled back and removed; a built-in one is switched off', async () => {
    const [signer, tab] = [newSigner(), await site.signedIn('', { width: 360, height: 740 })];
    await tab.go('#/packs');
    const choose = async (content: unknown) => {
      await tab.page.click('button:text-is("Install pack")');
      const buffer = Buffer.from(packFile(content, signer.privateKey));
      await tab.page.setInputFiles('#pack-file', { name: 'boiler.pack', mimeType: 'application/json', buffer });
    };
    await choose(boilerPack());
    await tab.page.waitForSelector('.dialog dd:has-text("which is not trusted here")');
    assert.ok(await tab.page.isDisabled('button:text-is("Install now")'));
    await tab.page.keyboard.press('Escape');
    await tab.page.click('button:text-is("Trust a key")');
    await tab.page.fill('#pack-key-name', 'Acme');
    await tab.page.fill('#pack-key-pem', signer.pem);
    await tab.page.click('.dialog button:text-is("Trust")');
    await tab.page.waitForSelector('[data-pack-key="Acme"]');
    await choose(boilerPack());
    await tab.page.waitForSelector('.dialog dd:text-is("by Acme, whose key is trusted")');
    await tab.page.waitForSelector('.dialog dd:text-is("all 1 become what the pack says")');
    await tab.assertFits();
    await tab.page.click('button:text-is("Install now")');
    await tab.page.waitForSelector('[data-pack="acme-boiler"]:has-text("1.0.0")');
    await tab.page.click('button[aria-label="Show acme-boiler"]');
    await tab.page.waitForSelector('.dialog code:text-is("acme/boiler/{device}")');
    await tab.page.keyboard.press('Escape');
    await choose(boilerPack({ version: '1.1.0' }));
    await tab.page.click('button:text-is("Try on the log first")');
    await tab.page.waitForSelector('.dialog a:has-text("shadow run")');
    await tab.page.keyboard.press('Escape');
    await tab.page.waitForSelector('[data-pack="acme-boiler"]:has-text("1.0.0")');
    await choose(boilerPack({ version: '1.1.0' }));
    await tab.page.click('button:text-is("Install now")');
    await tab.page.waitForSelector('[data-pack="acme-boiler"]:has-text("1.1.0")');
    await tab.page.click('button[aria-label="Roll back acme-boiler"]');
    await tab.page.click('.dialog button:text-is("Roll back")');
    await tab.page.waitForSelector('[data-pack="acme-boiler"]:has-text("1.0.0")');
    await tab.page.click('button[aria-label="Remove acme-boiler"]');
    await tab.page.click('.dialog button:text-is("Remove")');
    await tab.page.waitForSelector('.empty h2:text-is("No packs of this tenant")');
    await tab.page.click('.built-in summary');
    await tab.page.click('button[aria-label="Switch off tasmota"]');
    await tab.page.waitForSelector('button[aria-label="Switch on tasmota"]');
    await tab.page.click('button[aria-label="Switch off spillway"]');
    await tab.page.waitForSelector('.refusal:has-text("the gateway reads its topics by itself")');
    await tab.assertFits();
    tab.assertHealthy(/status of 4\d\d/);
    await tab.close();
  });

  test('a schema is tried on a payload, pinned to a version, let go, and retired', async () => {
    const versions = [{ fields: { t: { type: 'number', max: 50 } } }, { fields: { t: { type: 'number', max: 20 } } }];
    const made = await site.post('/v1/schemas', { device_class: 'oven', format: 'json', schema_definition: versions[0] });
    const { schema_id: schema } = (await made.json()) as { schema_id: string };
    await site.post(`/v1/schemas/${schema}/versions`, { schema_definition: versions[1], major: true });
    const tab = await site.signedIn('', { width: 1280, height: 800 });
    await tab.go(`#/schemas/${schema}`);
    const tryBy = async (version: string) => {
      await tab.page.selectOption('#schema-tried', version);
      await tab.page.fill('#schema-payload', '{"metrics": {"t": 30}}');
      await tab.page.click('[aria-label="Try a payload"] button:text-is("Try")');
    };
    await tryBy('2');
    await tab.page.waitForSelector('[aria-label="Try a payload"] .outcome .refusal:has-text("dead letter")');
    await tryBy('1');
    await tab.page.waitForSelector('[aria-label="Try a payload"] .readings td.value:text-is("30")');
    await tab.page.click('.schema-version summary:has-text("Version 1")');
    await tab.page.click('button:text-is("Use version 1 for good")');
    await tab.page.waitForSelector('dd:text-is("1, pinned")');
    await tab.page.click('button:text-is("Use the latest again")');
    await tab.page.waitForSelector('dd:text-is("2, the latest")');
    await tab.page.click('button:text-is("Retire")');
    await tab.page.click('.dialog button:text-is("Retire")');
    await tab.page.waitForSelector('dt:text-is("Retired")');
    await tab.page.waitForSelector('[aria-label="Next version"]', { state: 'detached' });
    assert.equal(await tab.page.locator('button:text-is("Retire")').count(), 0);
    tab.assertHealthy();
    await tab.close();
  });

  test('the next version of a schema is run in the shadow, says what would change, and is activated', async () => {
    await site.addDevice({ device_id: 'pump-1', device_class: 'pump' });
    const definition = { fields: { t: { type: 'number' } } };
    const made = await site.post('/v1/schemas', { device_class: 'pump', format: 'json', schema_definition: definition });
    const { schema_id: schema } = (await made.json()) as { schema_id: string };
    const client = await site.connect('pump-1');
    for (const t of [10, 30]) await publish(client, 'pump-1', { t });
    const tab = await site.signedIn('', { width: 360, height: 740 });
    await tab.go(`#/schemas/${schema}`);
    await tab.page.fill('#schema-definition', '{"fields": {"t": {"type": "number", "scale": 2}}}');
    await tab.page.check('[aria-label="Next version"] input[type="checkbox"]');
    await tab.page.click('a:text-is("Try in a shadow run")');
    await tab.page.waitForSelector('#shadow-class');
    await tab.page.fill('#shadow-percent', '0');
    await tab.page.press('#shadow-percent', 'Enter');
    await tab.page.waitForSelector('.dialog .refusal:has-text("must be above 0")');
    await tab.page.fill('#shadow-percent', '100');
    await tab.page.press('#shadow-percent', 'Enter');
    await tab.page.waitForSelector('.schema-part[data-state="done"] [data-field="t"] td:has-text("pump-1: ")');
    await tab.assertFits();
    assert.match(await tab.text('[data-field="t"] td:last-child'), /^pump-1: \d+ → \d+$/);
    await tab.page.click('button:text-is("Activate")');
    await tab.page.waitForSelector('.schema-part[data-state="activated"]');
    await tab.go(`#/schemas/${schema}`);
    await tab.page.waitForSelector('.schema-version summary:has-text("Version 2")');
    tab.assertHealthy(/status of 400/);
    await tab.close();
  });
});
