import { WebauthnResponse } from '@pyrgos/core/accounts';
import { concatBytes, utf8Encode } from '@pyrgos/core/bytes';
import { ArgumentError, FormatError, LimitError } from '@pyrgos/core/errors';
import { describe, expect, test } from 'vitest';
import { browserSecurityKeys, registerSecurityKey, type SecurityKeys, signWithSecurityKey } from './security-key.js';

const challenge = new Uint8Array(32).fill(0xfb);
const rawId = new Uint8Array(16).fill(7);
const base64Url = '-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s';

const clientData = (type: string, changes: Readonly<Record<string, unknown>> = {}): Uint8Array =>
  utf8Encode(JSON.stringify({ type, challenge: base64Url, origin: 'https://files.example.com', crossOrigin: false, ...changes }));

const attestation = concatBytes(new Uint8Array(60), Uint8Array.of(0, rawId.length), rawId, new Uint8Array(77));
const authenticatorData = new Uint8Array(37);
authenticatorData[32] = 0x05;

const created = { rawId, attestationObject: attestation, clientDataJson: clientData('webauthn.create') };
const signed = { rawId, authenticatorData, clientDataJson: clientData('webauthn.get'), signature: new Uint8Array(70).fill(1) };

function keys(changes: { readonly create?: object; readonly sign?: object } = {}): SecurityKeys {
  return {
    create: async () => ({ ...created, ...changes.create }),
    sign: async () => ({ ...signed, ...changes.sign }),
  };
}

describe('registering a security key', () => {
  test('asks for what chapter 05 section 15.6 says and sends what came back', async () => {
    const asked: unknown[] = [];
    const response = await registerSecurityKey(
      {
        ...keys(),
        create: async (options) => {
          asked.push(options);
          return created;
        },
      },
      challenge,
      'alice',
    );
    expect(asked).toEqual([
      {
        challenge,
        relyingPartyName: 'Peergos',
        userId: utf8Encode('alice'),
        username: 'alice',
        algorithms: [-8, -7, -257],
        timeout: 60_000,
      },
    ]);
    expect(response.credentialId).toEqual(rawId);
    const expected = WebauthnResponse.of({
      authenticatorData: attestation,
      clientDataJson: created.clientDataJson,
      signature: new Uint8Array(),
    });
    expect(response.response instanceof WebauthnResponse && response.response.equals(expected)).toBe(true);
  });

  test.each([
    ['another challenge', { clientDataJson: clientData('webauthn.create', { challenge: 'AAAA' }) }],
    ['another kind', { clientDataJson: clientData('webauthn.get') }],
    ['no origin', { clientDataJson: clientData('webauthn.create', { origin: 1 }) }],
    ['no JSON', { clientDataJson: utf8Encode('{') }],
    ['no object', { clientDataJson: utf8Encode('null') }],
    ['no UTF-8', { clientDataJson: Uint8Array.of(0xff) }],
    ['too much client data', { clientDataJson: new Uint8Array(5000) }],
    ['another credential', { rawId: new Uint8Array(16).fill(8) }],
    ['no credential', { rawId: new Uint8Array() }],
  ])('%s is refused', async (_name, change) => {
    await expect(registerSecurityKey(keys({ create: change }), challenge, 'alice')).rejects.toThrow(FormatError);
  });

  test('an answer that servers do not take is refused here', async () => {
    const long = concatBytes(attestation, new Uint8Array(1900));
    await expect(registerSecurityKey(keys({ create: { attestationObject: long } }), challenge, 'alice')).rejects.toThrow(LimitError);
  });
});

describe('signing with a security key', () => {
  test('sends what came back', async () => {
    const response = await signWithSecurityKey(keys(), challenge, [new Uint8Array(3), rawId]);
    expect(response.credentialId).toEqual(rawId);
  });

  test.each([
    ['another challenge', { clientDataJson: clientData('webauthn.get', { challenge: 'AAAA' }) }],
    ['another kind', { clientDataJson: clientData('webauthn.create') }],
    ['another credential', { rawId: new Uint8Array(16).fill(8) }],
    ['short data', { authenticatorData: new Uint8Array(36) }],
    ['an absent user', { authenticatorData: new Uint8Array(37) }],
    ['no signature', { signature: new Uint8Array() }],
  ])('%s is refused', async (_name, change) => {
    await expect(signWithSecurityKey(keys({ sign: change }), challenge, [rawId])).rejects.toThrow(FormatError);
  });

  test('needs a credential', async () => {
    await expect(signWithSecurityKey(keys(), challenge, [])).rejects.toThrow(ArgumentError);
  });
});

describe('the keys of a browser', () => {
  const buffer = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

  test('are asked in the terms of WebAuthn', async () => {
    const asked: unknown[] = [];
    const browser = browserSecurityKeys({
      create: async (options) => {
        asked.push(options);
        const response = { attestationObject: buffer(attestation), clientDataJSON: buffer(created.clientDataJson) };
        return { id: '', type: 'public-key', rawId: buffer(rawId), response };
      },
      get: async (options) => {
        asked.push(options);
        const { clientDataJson, signature } = signed;
        const response = {
          authenticatorData: buffer(authenticatorData),
          clientDataJSON: buffer(clientDataJson),
          signature: buffer(signature),
        };
        return { id: '', type: 'public-key', rawId: buffer(rawId), response };
      },
    });
    const registered = await registerSecurityKey(browser, challenge, 'alice');
    expect(registered.credentialId).toEqual(rawId);
    const answered = await signWithSecurityKey(browser, challenge, [rawId]);
    expect(answered.credentialId).toEqual(rawId);
    expect(asked).toEqual([
      {
        publicKey: {
          challenge,
          rp: { name: 'Peergos' },
          user: { id: utf8Encode('alice'), name: 'alice', displayName: 'alice' },
          pubKeyCredParams: [-8, -7, -257].map((alg) => ({ type: 'public-key', alg })),
          timeout: 60_000,
        },
      },
      {
        publicKey: {
          challenge,
          allowCredentials: [{ type: 'public-key', id: rawId }],
          timeout: 60_000,
          userVerification: 'preferred',
        },
      },
    ]);
  });

  test('that give nothing, or something else, are refused', async () => {
    for (const credential of [null, { type: 'password' }, { rawId: buffer(rawId), response: {} }]) {
      const browser = browserSecurityKeys({ create: async () => credential, get: async () => credential });
      await expect(registerSecurityKey(browser, challenge, 'alice')).rejects.toThrow(FormatError);
      await expect(signWithSecurityKey(browser, challenge, [rawId])).rejects.toThrow(FormatError);
    }
  });
});
