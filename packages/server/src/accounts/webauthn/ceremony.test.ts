import { generateKeyPairSync } from 'node:crypto';
import { MfaType, MultiFactorAuthResponse, parseTotpKey, WebauthnResponse } from '@pyrgos/core/accounts';
import { concatBytes, toHex } from '@pyrgos/core/bytes';
import { decodeCbor } from '@pyrgos/core/codec';
import { verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AccountsWorld, errorText, SITE, type TestUser } from '../../../test/accounts-world.js';
import {
  type AuthenticatorAlgorithm,
  type AuthenticatorCbor,
  authenticatorCbor,
  type CeremonyOptions,
  VirtualAuthenticator,
} from '../../../test/virtual-authenticator.js';
import { CHALLENGE_LIFETIME_MILLISECONDS, MAX_CHALLENGES_PER_USER } from '../../limits.js';
import { FactorTable } from '../factor-table.js';
import { totpCode } from '../totp.js';
import { WebauthnVerifier } from './webauthn-verifier.js';

let world: AccountsWorld;
let alice: TestUser;
beforeEach(async () => {
  world = await AccountsWorld.create();
  alice = await world.addUser('alice');
});
afterEach(async () => world.close());

async function start(user: TestUser = alice): Promise<Uint8Array> {
  return world.accounts.registerWebauthnStart(user.name, world.request(user, 'registerWebauthnStart'));
}

async function complete(response: MultiFactorAuthResponse, name = 'my key', user: TestUser = alice): Promise<string> {
  return errorText(world.accounts.registerWebauthnComplete(user.name, name, response, world.request(user, 'registerWebauthnComplete')));
}

async function register(device: VirtualAuthenticator, options: CeremonyOptions = {}): Promise<string> {
  return complete(device.create(await start(), options));
}

async function challenge(): Promise<Uint8Array> {
  const { request } = await world.getLogin('alice', world.password(1));
  return request!.challenge;
}

async function logIn(mfa: MultiFactorAuthResponse): Promise<string> {
  return world.getLogin('alice', world.password(1), { mfa }).then(
    ({ entryPoints }) => (entryPoints === undefined ? 'asked' : 'in'),
    (error: unknown) => (error instanceof Error ? error.message.replace('Invalid security key response: ', '') : ''),
  );
}

function verifierOf(device: VirtualAuthenticator): WebauthnVerifier {
  return WebauthnVerifier.decode(new FactorTable(world.db).find('alice', device.credentialId)!.value);
}

const base64Url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

describe.each(['ES256', 'EdDSA', 'RS256', 'ES384', 'ES512', 'ES256K', 'Ed448', 'PS256', 'RS1'] as const)(
  'a security key with %s',
  (algorithm) => {
    test('is registered and answers log-ins', async () => {
      const device = new VirtualAuthenticator(algorithm);
      expect(await register(device)).toBe('no error');
      const [method] = await world.accounts.listMfa('alice', world.request(alice, 'listMfa'));
      expect(method).toMatchObject({ name: 'my key', type: MfaType.webauthn, enabled: true });
      expect(method?.credentialId).toEqual(device.credentialId);
      expect(await logIn(device.get(await challenge()))).toBe('in');
      await world.reopen();
      expect(await logIn(device.get(await challenge()))).toBe('in');
      const other = new VirtualAuthenticator(algorithm);
      expect(await logIn(other.get(await challenge()))).toBe('the signature is not valid');
    });
  },
);

describe('an independent implementation', () => {
  test.each(['ES256', 'EdDSA', 'RS256'] as const)(
    'agrees that the virtual authenticator is one: %s',
    async (algorithm: AuthenticatorAlgorithm) => {
      const device = new VirtualAuthenticator(algorithm);
      device.counter = 1;
      const registrationChallenge = await start();
      const created = device.create(registrationChallenge);
      const attestation = created.response as WebauthnResponse;
      const id = base64Url(device.credentialId);
      const common = { id, rawId: id, type: 'public-key', clientExtensionResults: {} } as const;
      const expected = { expectedOrigin: SITE.origin, expectedRPID: SITE.rpId, requireUserVerification: false };
      const registered = await verifyRegistrationResponse({
        response: {
          ...common,
          response: { attestationObject: base64Url(attestation.authenticatorData), clientDataJSON: base64Url(attestation.clientDataJson) },
        },
        expectedChallenge: base64Url(registrationChallenge),
        ...expected,
      });
      expect(registered.verified).toBe(true);
      expect(await complete(created)).toBe('no error');
      expect(verifierOf(device).credential.keyBytes).toEqual(new Uint8Array(registered.registrationInfo!.credential.publicKey));

      const loginChallenge = await challenge();
      const asserted = device.get(loginChallenge);
      const assertion = asserted.response as WebauthnResponse;
      const authenticated = await verifyAuthenticationResponse({
        response: {
          ...common,
          response: {
            authenticatorData: base64Url(assertion.authenticatorData),
            clientDataJSON: base64Url(assertion.clientDataJson),
            signature: base64Url(assertion.signature),
          },
        },
        expectedChallenge: base64Url(loginChallenge),
        credential: registered.registrationInfo!.credential,
        ...expected,
      });
      expect(authenticated.verified).toBe(true);
      expect(await logIn(asserted)).toBe('in');
      expect(verifierOf(device).counter).toBe(authenticated.authenticationInfo.newCounter);
    },
  );
});

describe('registration', () => {
  const certificate = new Uint8Array(300).fill(0x30);
  const statements: readonly (readonly [format: string, statement: AuthenticatorCbor])[] = [
    ['none', new Map()],
    [
      'packed',
      new Map<string, AuthenticatorCbor>([
        ['alg', -7],
        ['sig', new Uint8Array(70)],
      ]),
    ],
    [
      'packed',
      new Map<string, AuthenticatorCbor>([
        ['alg', -7],
        ['sig', new Uint8Array(70)],
        ['x5c', [certificate]],
      ]),
    ],
    [
      'fido-u2f',
      new Map<string, AuthenticatorCbor>([
        ['sig', new Uint8Array(70)],
        ['x5c', [certificate]],
      ]),
    ],
    [
      'tpm',
      new Map<string, AuthenticatorCbor>([
        ['alg', -65535],
        ['sig', new Uint8Array(256)],
        ['ver', '2.0'],
        ['x5c', [certificate]],
        ['pubArea', certificate],
        ['certInfo', certificate],
      ]),
    ],
    [
      'android-key',
      new Map<string, AuthenticatorCbor>([
        ['alg', -7],
        ['sig', new Uint8Array(70)],
        ['x5c', [certificate]],
      ]),
    ],
    [
      'android-safetynet',
      new Map<string, AuthenticatorCbor>([
        ['ver', '12685023'],
        ['response', certificate],
      ]),
    ],
    ['apple', new Map<string, AuthenticatorCbor>([['x5c', [certificate]]])],
    ['compound', [new Map()]],
  ];

  test.each(statements)('takes the attestation format %s without verifying it', async (format, statement) => {
    for (const aaguid of [new Uint8Array(16), new Uint8Array(16).fill(7)]) {
      const device = new VirtualAuthenticator('ES256', SITE, new Uint8Array(8).fill(aaguid[0]! + 1));
      expect(await register(device, { format, statement, aaguid })).toBe('no error');
      expect(verifierOf(device).credential.claimedAaguid).toEqual(aaguid);
      expect(await logIn(device.get(await challenge()))).toBe('in');
    }
  });

  test('takes attestation objects in any order of keys and with indefinite lengths', async () => {
    const device = new VirtualAuthenticator();
    const response = device.create(await start()).response as WebauthnResponse;
    const authData = response.authenticatorData.subarray(1 + 4 + 5 + 8 + 1 + 9);
    const text = authenticatorCbor;
    const attestation = concatBytes(
      Uint8Array.of(0xbf),
      text('authData'),
      authData,
      text('attStmt'),
      Uint8Array.of(0xbf, 0xff),
      text('fmt'),
      text('none'),
      Uint8Array.of(0xff),
    );
    const parts = { authenticatorData: attestation, clientDataJson: response.clientDataJson, signature: new Uint8Array() };
    expect(await complete(MultiFactorAuthResponse.of(device.credentialId, WebauthnResponse.of(parts)))).toBe('no error');
    expect(await logIn(device.get(await challenge()))).toBe('in');
  });

  test('takes long credential ids, extensions, and keys that never count', async () => {
    const device = new VirtualAuthenticator('EdDSA', SITE, new Uint8Array(800).fill(3));
    expect(await register(device, { extensions: authenticatorCbor(new Map([['credProtect', 2]])), flags: 0x01 })).toBe('no error');
    for (let i = 0; i < 2; i++) expect(await logIn(device.get(await challenge(), { counter: 0, flags: 0x01 }))).toBe('in');
  });

  const refusals: readonly (readonly [problem: string, options: CeremonyOptions])[] = [
    ['it belongs to another kind of ceremony', { type: 'webauthn.get' }],
    ['it was made for another site', { origin: 'https://evil.example' }],
    ['it was made for another site', { origin: 'http://home.example' }],
    ['it was made for another site', { origin: `${SITE.origin}:443` }],
    ['it was made for another site', { rpId: 'evil.example' }],
    ['it was made in a frame of another site', { clientData: { crossOrigin: true } }],
    ['it was made in a frame of another site', { clientData: { topOrigin: 'https://evil.example' } }],
    ['the user was not present', { flags: 0x04 }],
    ['the backup flags contradict each other', { flags: 0x11 }],
    ['the challenge is unknown or has expired', { challenge: new Uint8Array(32) }],
    ['the challenge is not ours', { challenge: new Uint8Array(31) }],
    ['the client data is malformed', { clientData: { crossOrigin: 'no' } }],
    ['the client data is malformed', { clientData: { type: 7 } }],
    ['the client data is malformed', { clientData: { origin: null } }],
    ['the client data is malformed', { clientData: { challenge: ['x'] } }],
    ['the attestation object is malformed', { statement: 'none' }],
    ['the authenticator data is malformed', { extensions: new Uint8Array() }],
    ['the authenticator data is malformed', { extensions: Uint8Array.of(0x01) }],
    ['the authenticator data is malformed', { extensions: Uint8Array.of(0xa0, 0x00) }],
  ];

  test.each(refusals)('is refused: %s', async (problem, options) => {
    const device = new VirtualAuthenticator();
    const text = await register(device, options);
    // An extension that is announced but missing is CBOR that ends too early.
    expect([`Invalid security key response: ${problem}`, 'Invalid security key response: it holds malformed CBOR']).toContain(text);
    expect(await world.accounts.listMfa('alice', world.request(alice, 'listMfa'))).toEqual([]);
  });

  test('is refused when parts are missing or do not belong together', async () => {
    const device = new VirtualAuthenticator();
    const good = device.create(await start()).response as WebauthnResponse;
    const attempt = async (parts: Partial<Parameters<typeof WebauthnResponse.of>[0]>, id = device.credentialId): Promise<string> => {
      const fresh = device.create(await start()).response as WebauthnResponse;
      const all = {
        authenticatorData: fresh.authenticatorData,
        clientDataJson: fresh.clientDataJson,
        signature: new Uint8Array(),
        ...parts,
      };
      return complete(MultiFactorAuthResponse.of(id, WebauthnResponse.of(all)));
    };
    expect(await attempt({}, Uint8Array.of(1))).toContain('the credential ids differ');
    expect(await attempt({ authenticatorData: new Uint8Array() })).toContain('it holds malformed CBOR');
    expect(await attempt({ authenticatorData: authenticatorCbor(new Map()) })).toContain('the attestation object is malformed');
    expect(await attempt({ clientDataJson: new Uint8Array() })).toContain('the client data is malformed');
    for (const json of ['null', '7', '[]', '{}', '{"__proto__":{"type":"webauthn.create"}}', '"text"']) {
      expect(await attempt({ clientDataJson: Buffer.from(json, 'utf8') })).toContain('the client data is malformed');
    }
    expect(await attempt({ clientDataJson: Uint8Array.of(0xff) })).toContain('the client data is malformed');
    expect(await complete(MultiFactorAuthResponse.of(device.credentialId, 'a code'))).toBe('Not a webauthn credential!');
    // An assertion has no credential in it.
    const assertion = device.get(new Uint8Array(32)).response as WebauthnResponse;
    const object = new Map<string, AuthenticatorCbor>([
      ['fmt', 'none'],
      ['attStmt', new Map()],
      ['authData', assertion.authenticatorData],
    ]);
    expect(await attempt({ authenticatorData: authenticatorCbor(object) })).toContain('there is no credential in it');
    for (let length = 1; length < good.authenticatorData.length; length += 7) {
      expect(await attempt({ authenticatorData: good.authenticatorData.slice(0, length) })).toContain('Invalid security key response');
    }
  });

  test('is refused for keys that cannot be verified', async () => {
    const device = new VirtualAuthenticator();
    const attempt = async (key: ReadonlyMap<number, AuthenticatorCbor>): Promise<string> => {
      Object.defineProperty(device, 'coseKey', { value: key, configurable: true });
      return register(device);
    };
    const { coseKey } = device;
    const [x, y] = [coseKey.get(-2) as Uint8Array, coseKey.get(-3) as Uint8Array];
    const ec = (changes: readonly (readonly [number, AuthenticatorCbor])[]): ReadonlyMap<number, AuthenticatorCbor> =>
      new Map([...coseKey, ...changes]);
    expect(await attempt(ec([[3, -260]]))).toContain('the signature algorithm is not supported');
    expect(await attempt(ec([[3, 'ES256']]))).toContain('the signature algorithm is not supported');
    expect(await attempt(ec([[3, -257]]))).toContain('the public key is malformed');
    expect(await attempt(ec([[1, 1]]))).toContain('the public key is malformed');
    expect(await attempt(ec([[-1, 4]]))).toContain('the curve is not supported');
    expect(await attempt(ec([[3, -47]]))).toContain('the curve is not supported');
    expect(await attempt(ec([[-2, x.slice(1)]]))).toContain('the public key is malformed');
    expect(await attempt(ec([[-3, x]]))).toContain('the public key is malformed');
    expect(await attempt(ec([[-3, true]]))).toContain('the public key is malformed');
    expect(await attempt(ec([[-3, y.map((byte) => byte ^ 1)]]))).toContain('the public key is malformed');
    const rsa = (n: Uint8Array, e: Uint8Array): ReadonlyMap<number, AuthenticatorCbor> =>
      new Map<number, AuthenticatorCbor>([
        [1, 3],
        [3, -257],
        [-1, n],
        [-2, e],
      ]);
    const { n } = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
    const odd = new Uint8Array(256).fill(0xff);
    const f4 = Uint8Array.of(1, 0, 1);
    expect(await attempt(rsa(new Uint8Array(Buffer.from(n!, 'base64url')), f4))).toContain('the RSA key has a bad size');
    expect(await attempt(rsa(new Uint8Array(1025).fill(0xff), f4))).toContain('the RSA key has a bad size');
    expect(await attempt(rsa(new Uint8Array(256), f4))).toContain('the RSA key has a bad size');
    for (const e of [[], [0], [1], [0, 0, 1], [2], [1, 0, 0], [1, 1, 1, 1, 1]]) {
      expect(await attempt(rsa(odd, Uint8Array.from(e)))).toContain('the RSA exponent is not acceptable');
    }
    // Leading zeros are no part of a number.
    expect(await attempt(rsa(concatBytes(Uint8Array.of(0), odd), concatBytes(Uint8Array.of(0), f4)))).toBe('no error');
  });

  test('answers each challenge once, its own user only, and in time', async () => {
    const bob = await world.addUser('bob');
    const first = await start();
    const device = new VirtualAuthenticator();
    const unknown = 'Invalid security key response: the challenge is unknown or has expired';
    expect(await complete(device.create(first), 'x', bob)).toBe(unknown);
    expect(await complete(device.create(first, { origin: 'https://evil.example' }))).toContain('another site');
    expect(await complete(device.create(first))).toBe(unknown);
    const late = await start();
    world.clock.time += CHALLENGE_LIFETIME_MILLISECONDS;
    expect(await complete(device.create(late))).toBe(unknown);
    expect(await complete(device.create(await start()))).toBe('no error');
    expect(await complete(device.create(await start()))).toBe('This security key is registered already.');
    // One of a log-in is none for a registration.
    expect(await complete(new VirtualAuthenticator('ES256', SITE, Uint8Array.of(9)).create(await challenge()))).toBe(unknown);
  });
});

describe('log-in', () => {
  const refusals: readonly (readonly [problem: string, options: CeremonyOptions])[] = [
    ['it belongs to another kind of ceremony', { type: 'webauthn.create' }],
    ['it was made for another site', { origin: 'https://evil.example' }],
    ['it was made for another site', { rpId: 'evil.example' }],
    ['it was made in a frame of another site', { clientData: { crossOrigin: true } }],
    ['the user was not present', { flags: 0x00 }],
    ['the backup flags contradict each other', { flags: 0x11 }],
    ['the challenge is unknown or has expired', { challenge: new Uint8Array(32).fill(1) }],
  ];

  test.each(refusals)('is refused: %s', async (problem, options) => {
    const device = new VirtualAuthenticator();
    await register(device);
    expect(await logIn(device.get(await challenge(), options))).toBe(problem);
    expect(await logIn(device.get(await challenge()))).toBe('in');
  });

  test('is refused for every changed byte', async () => {
    const device = new VirtualAuthenticator('EdDSA');
    await register(device);
    const { authenticatorData, clientDataJson, signature } = device.get(await challenge()).response as WebauthnResponse;
    const flip = (bytes: Uint8Array, i: number): Uint8Array => bytes.map((byte, j) => (i === j ? byte ^ 0x20 : byte));
    const attempt = async (parts: Parameters<typeof WebauthnResponse.of>[0]): Promise<string> =>
      logIn(MultiFactorAuthResponse.of(device.credentialId, WebauthnResponse.of(parts)));
    for (let i = 0; i < authenticatorData.length; i += 5) {
      expect(await attempt({ authenticatorData: flip(authenticatorData, i), clientDataJson, signature })).not.toBe('in');
    }
    for (let i = 0; i < signature.length; i += 9) {
      const fresh = device.get(await challenge()).response as WebauthnResponse;
      expect(await attempt({ ...parts(fresh), signature: flip(fresh.signature, i) })).toBe('the signature is not valid');
    }
    const fresh = device.get(await challenge()).response as WebauthnResponse;
    expect(await attempt({ ...parts(fresh), signature: new Uint8Array() })).toBe('the signature is not valid');
    expect(await attempt({ ...parts(fresh), clientDataJson: new Uint8Array(10) })).toBe('the client data is malformed');
  });

  const parts = ({ authenticatorData, clientDataJson, signature }: WebauthnResponse): Parameters<typeof WebauthnResponse.of>[0] => ({
    authenticatorData,
    clientDataJson,
    signature,
  });

  test('uses a challenge once; several log-ins can be under way', async () => {
    const device = new VirtualAuthenticator();
    await register(device);
    const [first, second] = [await challenge(), await challenge()];
    expect(await logIn(device.get(first))).toBe('in');
    expect(await logIn(device.get(first))).toBe('the challenge is unknown or has expired');
    expect(await logIn(device.get(second))).toBe('in');
    const oldest = await challenge();
    for (let i = 0; i < MAX_CHALLENGES_PER_USER; i++) await challenge();
    expect(await logIn(device.get(oldest))).toBe('the challenge is unknown or has expired');
    const late = await challenge();
    world.clock.time += CHALLENGE_LIFETIME_MILLISECONDS;
    expect(await logIn(device.get(late))).toBe('the challenge is unknown or has expired');
  });

  test('keeps strangers from replacing challenges', async () => {
    const device = new VirtualAuthenticator();
    await register(device);
    const mine = await challenge();
    for (let i = 0; i <= MAX_CHALLENGES_PER_USER; i++) await errorText(world.getLogin('alice', world.password(2)));
    expect(await logIn(device.get(mine))).toBe('in');
  });

  test('stores no challenges for clients that cannot use them', async () => {
    await register(new VirtualAuthenticator());
    const count = (): unknown => world.db.prepare('SELECT count(*) AS count FROM mfa_challenge').get()?.['count'];
    const before = count();
    await world.getLogin('alice', world.password(1), { mfaTypes: [1] });
    expect(count()).toBe(before);
  });

  test('wants a counter that goes up, once there is one', async () => {
    const device = new VirtualAuthenticator();
    device.counter = 5;
    await register(device);
    const copied = 'its counter went back, the security key may have been copied';
    const withCounter = async (counter: number): Promise<string> => logIn(device.get(await challenge(), { counter }));
    expect(await withCounter(5)).toBe(copied);
    expect(await withCounter(4)).toBe(copied);
    expect(await withCounter(0)).toBe(copied);
    expect(await withCounter(6)).toBe('in');
    expect(verifierOf(device).counter).toBe(6);
    await world.reopen();
    expect(await withCounter(6)).toBe(copied);
    expect(await withCounter(0xffffffff)).toBe('in');
    const quiet = new VirtualAuthenticator('EdDSA', SITE, Uint8Array.of(2));
    await register(quiet);
    for (const counter of [0, 0, 3]) expect(await logIn(quiet.get(await challenge(), { counter }))).toBe('in');
    expect(await logIn(quiet.get(await challenge(), { counter: 0 }))).toBe(copied);
  });

  test('is for one of two that show the same counter at the same time', async () => {
    const device = new VirtualAuthenticator();
    device.counter = 1;
    await register(device);
    const [first, second] = [await challenge(), await challenge()];
    const results = await Promise.all([logIn(device.get(first, { counter: 2 })), logIn(device.get(second, { counter: 2 }))]);
    expect(results.filter((result) => result === 'in')).toHaveLength(1);
  });

  test('takes an answer in the form that the factor has', async () => {
    const device = new VirtualAuthenticator();
    await register(device);
    expect(await logIn(MultiFactorAuthResponse.of(device.credentialId, '123456'))).toBe('Not a code based credential!');
    expect(await logIn(new VirtualAuthenticator('ES256', SITE, Uint8Array.of(7)).get(await challenge()))).toBe(
      'Unknown credential id for user alice',
    );
    const text = await world.accounts.addTotp('alice', world.request(alice, 'addTotp'));
    const { credentialId, key } = parseTotpKey(text);
    await world.accounts.enableTotp('alice', credentialId, totpCode(key, world.clock.now() / 1000), world.request(alice, 'enableTotp'));
    expect(await logIn(new VirtualAuthenticator('ES256', SITE, credentialId).get(await challenge()))).toBe('Not a webauthn credential!');
  });

  test('reads a verifier in the legacy Java form and writes it in the current one', async () => {
    const device = new VirtualAuthenticator('EdDSA');
    await register(device);
    const x = device.coseKey.get(-2) as Uint8Array;
    const object = Buffer.alloc(1059 + device.credentialId.length);
    object.writeUInt32BE(0xaced0005, 0);
    object.writeUInt32BE(32, 1013);
    object.set(x, 1017);
    object.writeUInt32BE(device.credentialId.length, 1055);
    object.set(device.credentialId, 1059);
    const legacy = authenticatorCbor(
      new Map<string, AuthenticatorCbor>([
        ['c', 3],
        ['d', new Uint8Array(object)],
        ['s', Uint8Array.of(0xa0)],
      ]),
    );
    world.db.prepare('UPDATE mfa SET value = ?').run(legacy);
    expect(await logIn(device.get(await challenge(), { counter: 4 }))).toBe('in');
    const { value } = new FactorTable(world.db).find('alice', device.credentialId)!;
    expect(toHex(value)).not.toContain('aced0005');
    expect(decodeCbor(value)).toEqual(
      new Map<string, unknown>([
        ['c', 4],
        ['d', expect.anything()],
        ['s', Uint8Array.of(0xa0)],
      ]),
    );
    expect(await logIn(device.get(await challenge(), { counter: 5 }))).toBe('in');
  });
});
