import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { COUNTER_GATEWAY_DTLS_OPEN } from '../../assembly/abi/counters.js';
import type { AuthorityEntry } from '../../src/contract/identity/authority.js';
import type { TlsMaterial } from '../../src/contract/tls-material.js';
import { readMessage } from '../../src/gateway/coap/message.js';
import { chooseReactor } from '../../src/reactor/open-reactor.js';
import { type Certified, certify, listNumber, revoke } from '../support/certificate.js';
import { until } from '../support/until.js';
import { codeOf, request } from './coap-client.js';
import { DtlsClient, type DtlsSettings } from './dtls-client.js';
import { device, GatewayThread } from './gateway-thread.js';

const ofServer = certify('authority of the server');
const server = certify('localhost', ofServer);
const factory = certify('factory');
const plant = certify('plant', factory, 1, true);
const SHOWN = { cert: server.cert, key: server.key };
const BAD_CERTIFICATE = 42;
const HANDSHAKE_FAILURE = 40;
const CERTIFICATE_UNKNOWN = 46;
const DECRYPT_ERROR = 51;

class Site {
  readonly gateway: GatewayThread;
  readonly #clients: DtlsClient[] = [];

  constructor(gateway: GatewayThread) {
    this.gateway = gateway;
  }

  client(own: Certified | undefined, more: Partial<DtlsSettings> = {}): DtlsClient {
    const shown = own ? { chain: [own.cert], privateKey: own.privateKey } : { chain: [] };
    const client = new DtlsClient(this.gateway.ports.coaps!, { identity: '', key: '', suite: 'ecdsa-gcm', ...shown, ...more });
    this.#clients.push(client);
    return client;
  }

  connect(own: Certified | undefined, more: Partial<DtlsSettings> = {}): Promise<DtlsClient> {
    return this.client(own, more).connect();
  }

  async give(...authorities: AuthorityEntry[]): Promise<void> {
    this.gateway.post({ kind: 'identity', token: 0, news: [{ subject: 'authorities', tenant: 'acme', authorities }] });
    await this.gateway.caughtUp();
  }

  /** Whose a message of the client is. */
  async deviceOf(client: DtlsClient, id: string): Promise<number | string> {
    const before = client.messages.length;
    client.send(request({ queries: [], path: `devices/${id}/telemetry`, payload: '{}' }));
    await until('an answer', () => client.messages.length > before);
    const code = codeOf(readMessage(client.messages[before]!));
    return code === '2.04' ? this.gateway.records.at(-1)!.device : code;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.gateway.stop();
  }
}

async function withSite(tls: Partial<TlsMaterial>, run: (site: Site) => Promise<void>): Promise<void> {
  const devices = [device(1, 'dev-1'), device(2, 'dev-1', { tenant: 'acme' })];
  const site = new Site(await GatewayThread.start(devices, 4, { tls: { ...SHOWN, ...tls }, hasDtls: true }));
  try {
    await run(site);
  } finally {
    await site.stop();
  }
}

function serialOf({ cert }: Certified): string {
  return new X509Certificate(cert).serialNumber;
}

function entry(more: Partial<AuthorityEntry> = {}): AuthorityEntry {
  return { id: 3, certificate: factory.cert, names: ['cn:{device}'], registers: false, revoked: [], ...more };
}

if (chooseReactor((process.env.REACTOR ?? 'auto') as 'auto').name === 'native') {
  describe('certificates of clients of CoAP over DTLS', () => {
    const required = { clientCa: factory.cert, clientNames: ['cn:{device}'] };

    for (const more of [{}, { suite: 'ecdsa-ccm8' }, { cid: Buffer.from([7]) }, { fragmentBytes: 30 }] as Partial<DtlsSettings>[]) {
      test(`a certificate of the authorities lets its device in: ${JSON.stringify(more)}`, () =>
        withSite(required, async (site) => {
          const client = await site.connect(certify('dev-1', factory), more);
          assert.equal(await site.deviceOf(client, 'dev-1'), 1);
        }));
    }

    test('a certificate that is another’s, old, revoked, missing, or of nobody, and a key that is not its own, end the handshake', async () => {
      const revoked = certify('dev-1', factory);
      const clientCrl = revoke(factory, [serialOf(revoked)], listNumber());
      await withSite({ ...required, clientCrl }, async (site) => {
        const [good, stolen] = [certify('dev-1', factory), certify('dev-1', factory)];
        const cases: [Certified | undefined, number][] = [
          [certify('dev-1', ofServer), BAD_CERTIFICATE],
          [certify('dev-1', factory, -1), BAD_CERTIFICATE],
          [revoked, BAD_CERTIFICATE],
          [undefined, HANDSHAKE_FAILURE],
          [certify('dev-9', factory), CERTIFICATE_UNKNOWN],
          [{ ...stolen, privateKey: good.privateKey }, DECRYPT_ERROR],
        ];
        const clients = await Promise.all(cases.map(([own]) => site.connect(own)));
        assert.deepEqual(
          clients.map(({ alerts }) => alerts),
          cases.map(([, alert]) => [alert]),
        );
        await until('the counts', () => site.gateway.refusals().dtls_certificate_refused === 5);
        assert.equal(site.gateway.refusals().dtls_handshake_failed, 1);
        assert.equal(await site.deviceOf(await site.connect(good), 'dev-1'), 1);
      });
    });

    test('a revocation list without a number is refused at the start, with what it lacks', async () => {
      const tls = { ...SHOWN, ...required, clientCrl: revoke(factory, []) };
      assert.match(
        await GatewayThread.startRefused({ tls, hasDtls: true }),
        /cannot use the revocation lists: .*version 2, with a CRL number$/,
      );
    });

    test('a certificate of an authority between gets in where its client shows that one too', () =>
      withSite(required, async (site) => {
        const own = certify('dev-1', plant);
        const client = await site.connect(own, { chain: [own.cert, plant.cert] });
        assert.equal(await site.deviceOf(client, 'dev-1'), 1);
        assert.deepEqual((await site.connect(own)).alerts, [BAD_CERTIFICATE]);
        // One of a device vouches for nobody.
        const notAuthority = certify('dev-1', factory);
        const below = certify('dev-1', notAuthority);
        assert.deepEqual((await site.connect(below, { chain: [below.cert, notAuthority.cert] })).alerts, [BAD_CERTIFICATE]);
      }));

    test('where certificates are optional, a client without one shows a token with each request', () =>
      withSite({ ...required, clientAuth: 'optional' }, async (site) => {
        const client = await site.connect(undefined);
        assert.equal(await site.deviceOf(client, 'dev-1'), '4.01');
        client.send(request({ path: 'devices/dev-1/telemetry', payload: '{"token":1}' }));
        await until('its message', () => site.gateway.records.some(({ payload }) => payload === '{"token":1}'));
      }));

    test('new files of certificates count for the next handshake', () =>
      withSite(required, async (site) => {
        const own = certify('dev-1', factory);
        await site.connect(own);
        const clientCrl = revoke(factory, [serialOf(own)], listNumber());
        site.gateway.post({ kind: 'tls', material: { ...SHOWN, ...required, clientCrl } });
        await site.gateway.caughtUp();
        assert.deepEqual((await site.connect(own)).alerts, [BAD_CERTIFICATE]);
      }));
  });

  describe('authorities of tenants over DTLS', () => {
    const any = { clientAuth: 'any' } as const;

    test('the device of a certificate gets in, in the tenant of the authority, and nobody else', () =>
      withSite(any, async (site) => {
        await site.give(entry());
        assert.equal(await site.deviceOf(await site.connect(certify('dev-1', factory)), 'dev-1'), 2);
        for (const stranger of [certify('dev-1'), certify('dev-1', certify('factory')), certify('dev-9', factory)]) {
          assert.deepEqual((await site.connect(stranger)).alerts, [CERTIFICATE_UNKNOWN]);
        }
      }));

    test('an authority between is added itself, and its own authority does not stand in for it', () =>
      withSite(any, async (site) => {
        const own = certify('dev-1', plant);
        await site.give(entry());
        assert.deepEqual((await site.connect(own, { chain: [own.cert, plant.cert] })).alerts, [CERTIFICATE_UNKNOWN]);
        await site.give(entry({ certificate: plant.cert }));
        assert.equal(await site.deviceOf(await site.connect(own, { chain: [own.cert, plant.cert] }), 'dev-1'), 2);
      }));

    test('a certificate that is revoked loses its associations, and all do when the authority is deleted', () =>
      withSite(any, async (site) => {
        await site.give(entry());
        const [first, second] = [certify('dev-1', factory), certify('dev-1', factory)];
        const [cut, staying] = [await site.connect(first), await site.connect(second)];
        const revoked = [serialOf(first)];
        await site.give(entry({ revoked }));
        await until('the end', () => cut.alerts[0] === 0);
        assert.deepEqual((await site.connect(first)).alerts, [CERTIFICATE_UNKNOWN]);
        assert.equal(await site.deviceOf(staying, 'dev-1'), 2);
        await site.give();
        await until('the end', () => staying.alerts[0] === 0);
        await until('the count', () => site.gateway.counter(COUNTER_GATEWAY_DTLS_OPEN) === 0);
      }));

    test('a device that is not registered is asked for, and gets in by the same handshake once it is', () =>
      withSite(any, async (site) => {
        await site.give(entry({ registers: true }));
        const client = site.client(certify('new-1', factory));
        const connecting = client.connect();
        const { question, token } = await until('the question', () => site.gateway.of('identity-asked')[0]);
        assert.deepEqual(question, { kind: 'registration', authority: 3, tenant: 'acme', device: 'new-1' });
        // What others send under its address while it waits does not end the handshake.
        const [before, forged] = [client.datagrams.length, Buffer.from(client.sent.at(-1)!.subarray(14))];
        forged[forged.length - 1]! ^= 1;
        forged[10]! += 1;
        client.raw(forged);
        await until('the repetition of the flight', () => client.datagrams.length > before);
        await site.gateway.putDevices([device(7, 'new-1', { tenant: 'acme' })]);
        site.gateway.post({ kind: 'identity-answered', token });
        await connecting;
        assert.equal(await site.deviceOf(client, 'new-1'), 7);
        const refused = site.connect(certify('new-2', factory));
        const again = await until('the second question', () => site.gateway.of('identity-asked')[1]);
        site.gateway.post({ kind: 'identity-answered', token: again.token });
        assert.deepEqual((await refused).alerts, [CERTIFICATE_UNKNOWN]);
      }));
  });
} else {
  test('the portable reactor has no DTLS', () => assert.equal(chooseReactor('portable').name, 'portable'));
}
