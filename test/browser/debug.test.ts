import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import mqtt from 'mqtt';
import { findChromium, noChromium } from './chromium.js';
import { ConsoleSite, publish, token } from './console-site.js';

const skip = findChromium() || process.env.SPILLWAY_BROWSER_REQUIRED === '1' ? false : noChromium;

describe('what a device sends, and how it is read', { skip }, () => {
  let site: ConsoleSite;

  before(async () => {
    site = await ConsoleSite.start();
    for (const device_id of ['lamp-1', 'lamp-2']) await site.addDevice({ device_id });
  });

  after(async () => {
    await site?.stop();
  });

  test('a capture shows each message with its bytes and readings, and its topic is tried with one click', async () => {
    const client = await site.connect('lamp-1');
    const tab = await site.signedIn();
    await tab.go('#/devices/lamp-1');
    await tab.page.click('a.button:text-is("Debug")');
    await tab.page.waitForSelector('.empty h2:text-is("No capture runs")');
    await tab.page.selectOption('select[aria-label="For how long"]', '600');
    await tab.page.click('button:text-is("Start capture")');
    await tab.page.waitForSelector('.empty h2:text-is("Waiting for messages")');
    await publish(client, 'lamp-1', { brightness: 20, state: '<b>on</b>' });
    await client.publishAsync('zigbee2mqtt/lamp-1', '{"battery": 90}', { qos: 1 });
    await client.publishAsync('devices/lamp-1/telemetry', Buffer.from([1, 2, 3]), { qos: 1 });
    await tab.page.waitForSelector('.captured:nth-child(3)');
    await tab.page.waitForSelector('.captured[data-verdict="stored"] .letter-payload:text-is("brightness 20, state <b>on</b>")');
    await tab.page.click('.captured[data-verdict="dead_letter"] summary');
    assert.match(await tab.text('.captured[data-verdict="dead_letter"] pre'), /^000000 {2}01 02 03 /);
    await tab.page.waitForSelector('.captured[data-verdict="dead_letter"] dd:has-text("the payload is not JSON")');
    await tab.page.click('.captured:has-text("battery 90") summary');
    await tab.page.waitForSelector('.captured dd:text-is("zigbee2mqtt, decoder zigbee2mqtt")');
    await tab.page.waitForSelector('.captured .readings td.id:text-is("battery")');
    await tab.page.click('button:text-is("Stop")');
    await tab.page.waitForSelector('.position:text-is("3 messages, ended")');
    // A page that is opened again finds the capture.
    await tab.page.reload();
    await tab.page.waitForSelector('.captured:nth-child(3)');
    await tab.page.click('.captured:has-text("battery 90") summary');
    await tab.page.click('.captured a:text-is("Try topic rules on this message")');
    await tab.page.waitForSelector('.outcome dd:text-is("rule zigbee2mqtt, decoder zigbee2mqtt")');
    await tab.page.waitForSelector('.outcome .readings td.value:text-is("90")');
    assert.equal(await tab.page.inputValue('#trial-payload'), '{"battery": 90}');
    tab.assertHealthy();
    await tab.close();
  });

  test('clients that are not let in show up with the name that they tried, and without their token', async () => {
    const tab = await site.signedIn();
    await tab.go('#/devices/lamp-1/debug');
    await tab.page.click('a:text-is("refused clients")');
    await tab.page.click('button:text-is("Start capture")');
    await tab.page.waitForSelector('.empty h2:text-is("Waiting for clients that are refused")');
    const options = { clientId: 'stranger-7', username: 'default', password: 'S3CRET', reconnectPeriod: 0 };
    await assert.rejects(mqtt.connectAsync(`mqtt://127.0.0.1:${site.appliance.mqttPort}`, options));
    await tab.page.waitForSelector('.captured .letter-device:text-is("stranger-7")');
    await tab.page.click('.captured summary');
    await tab.page.waitForSelector('.captured dd:text-is("refused: device_unknown")');
    assert.doesNotMatch(await tab.text('#content'), /S3CRET/);
    await tab.page.click('button:text-is("Stop")');
    tab.assertHealthy();
    await tab.close();
  });

  test('a topic rule is added, moved, changed and deleted; conflicts are said in words', async () => {
    const tab = await site.signedIn();
    await tab.go('#/topic-rules');
    await tab.page.waitForSelector('.empty h2:text-is("No rules of this tenant")');
    const add = async (name: string, pattern: string, decoder: string) => {
      await tab.page.click('button:text-is("Add rule")');
      await tab.page.fill('#rule-name', name);
      await tab.page.fill('#rule-pattern', pattern);
      await tab.page.fill('#rule-device', 'level:device');
      await tab.page.fill('#rule-decoder', decoder);
      await tab.page.press('#rule-decoder', 'Enter');
    };
    await add('site', 'site/{device}/#', 'json');
    await tab.page.waitForSelector('.rules [data-rule="site"]');
    await add('site text', 'site/{device}/note', 'nonsense');
    await tab.page.waitForSelector('.dialog .refusal:has-text("decoder")');
    await tab.page.fill('#rule-decoder', 'text');
    await tab.page.press('#rule-decoder', 'Enter');
    await tab.page.waitForSelector('.rules [data-rule="site text"]');
    await tab.page.waitForSelector('.conflicts li:has-text("site text (site/{device}/note) gets no message")');
    await tab.page.click('button[aria-label="Move site text up"]');
    await tab.page.waitForSelector('.rules tr:nth-child(1)[data-rule="site text"]');
    await tab.page.waitForSelector('.conflicts[aria-label="Conflicts"]', { state: 'detached' });
    await tab.page.click('button[aria-label="Edit site"]');
    await tab.page.fill('#rule-prefix', 'hall');
    await tab.page.click('.dialog button:text-is("Save")');
    await tab.page.waitForSelector('.rules [data-rule="site"] td:has-text("begin with hall")');
    await tab.page.fill('#trial-topic', 'site/lamp-2/x');
    await tab.page.fill('#trial-payload', '{"lux": 7}');
    await tab.page.click('.trial button:text-is("Try")');
    await tab.page.waitForSelector('.outcome .readings td.id:text-is("hall.lux")');
    await tab.page.selectOption('#trial-form', 'base64');
    await tab.page.fill('#trial-payload', '???');
    await tab.page.click('.trial button:text-is("Try")');
    await tab.page.waitForSelector('.trial .refusal:text-is("The payload is not base64.")');
    await tab.page.click('button[aria-label="Delete site text"]');
    await tab.page.click('.dialog button:text-is("Delete")');
    await tab.page.waitForSelector('.rules [data-rule="site text"]', { state: 'detached' });
    await tab.page.click('.built-in summary:has-text("tried after")');
    await tab.page.waitForSelector('.built-in [data-rule="zigbee2mqtt"]');
    tab.assertHealthy(/status of 400/);
    await tab.close();
  });

  test('a dead letter of a topic rule is tried with one click', async () => {
    const client = await site.connect('lamp-2');
    await client.publishAsync('zigbee2mqtt/lamp-2', '{"battery": ', { qos: 1 });
    const tab = await site.signedIn();
    await tab.go('#/dead-letters?device=lamp-2');
    await tab.page.click('.letter summary');
    await tab.page.click('.letter a:text-is("Try topic rules on this message")');
    await tab.page.waitForSelector('.outcome dd:has-text("json_malformed")');
    assert.equal(await tab.page.inputValue('#trial-device'), 'lamp-2');
    tab.assertHealthy();
    await tab.close();
  });

  test('a schema is added, checked against the version before, given a new version, and compared', async () => {
    const tab = await site.signedIn();
    await tab.go('#/schemas');
    await tab.page.waitForSelector('.empty h2:text-is("No schemas")');
    await tab.page.click('button:text-is("Add schema")');
    await tab.page.fill('#schema-class', 'pump');
    await tab.page.fill('#schema-definition', '{"fields": {"t": {"type": "nonsense"}}}');
    await tab.page.click('.dialog button[type="submit"]');
    await tab.page.waitForSelector('.dialog .refusal:has-text("type")');
    await tab.page.fill('#schema-definition', '{"fields": {"t": {"type": "number", "unit": "Cel", "required": true}, "rpm": "integer"}}');
    await tab.page.click('.dialog button[type="submit"]');
    await tab.page.click('.rules a:text-is("pump")');
    await tab.page.waitForSelector('h1:text-is("pump, firmware *")');
    await tab.page.waitForSelector('.field-table td:text-is("rpm")');
    await tab.page.fill('#schema-definition', '{"fields": {"t": {"type": "number", "unit": "Cel", "required": true}}}');
    await tab.page.click('button:text-is("Check compatibility")');
    await tab.page.waitForSelector('.schema-part p:has-text("Not compatible with version 1")');
    await tab.page.waitForSelector('.schema-part li:has-text("rpm")');
    await tab.page.click('button:text-is("Make version")');
    await tab.page.waitForSelector('.schema-part .refusal:not(:empty)');
    await tab.page.check('.schema-part input[type="checkbox"]');
    await tab.page.click('button:text-is("Make version")');
    await tab.page.waitForSelector('.schema-version summary:has-text("Version 2")');
    await tab.page.click('button:text-is("Compare")');
    await tab.page.waitForSelector('[aria-label="What changed"] li:has-text("rpm")');
    tab.assertHealthy(/status of (400|409|422)/);
    await tab.close();
  });

  test('over HTTP, too, a device is seen', async () => {
    await site.addDevice({ device_id: 'posted-1' });
    const { capture_id: id } = (await (await site.post('/v1/debug/captures', { device_id: 'posted-1' })).json()) as { capture_id: number };
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    await fetch(`${site.appliance.http}/v1/ingest/posted-1`, { method: 'POST', headers, body: '{"metrics":{"v":1}}' });
    const tab = await site.signedIn();
    await tab.go('#/devices/posted-1/debug');
    await tab.page.waitForSelector('.captured .letter-device:text-is("HTTP")');
    assert.ok(id > 0);
    tab.assertHealthy();
    await tab.close();
  });
});
