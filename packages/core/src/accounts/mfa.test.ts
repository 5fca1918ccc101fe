import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../bytes.js';
import { encodeCbor } from '../codec/cbor-encode.js';
import { ArgumentError, FormatError, LimitError } from '../errors.js';
import { MAX_CREDENTIAL_ID_SIZE, MAX_MFA_CODE_LENGTH, MAX_MFA_METHODS, MAX_MFA_NAME_LENGTH, MAX_MFA_RESPONSE_SIZE } from '../limits.js';
import v from '../../../../vectors/05/mfa.json' with { type: 'json' };
import { LoginResponse } from './login-response.js';
import { decodeMfaMethods, encodeMfaMethods, MfaType, MultiFactorAuthMethod, MultiFactorAuthRequest } from './mfa.js';
import { MultiFactorAuthResponse, WebauthnResponse } from './mfa-response.js';

const totp = (credentialId: string, createdDay: number): MultiFactorAuthMethod =>
  MultiFactorAuthMethod.of({ name: '', credentialId: fromHex(credentialId), createdDay, type: MfaType.totp, enabled: true });

describe('vectors', () => {
  const method = totp(v.credentialId, v.createdDay);

  test('method', () => {
    expect(toHex(method.encode())).toBe(v.method);
    expect(MultiFactorAuthMethod.decode(fromHex(v.method)).equals(method)).toBe(true);
  });

  test.each([v, v.chapter02])('login response with challenge $challenge', ({ challenge, credentialId, createdDay, loginResponse }) => {
    const request = MultiFactorAuthRequest.of([totp(credentialId, createdDay)], fromHex(challenge));
    expect(toHex(LoginResponse.ofRequest(request).encode())).toBe(loginResponse);
    const read = LoginResponse.decode(fromHex(loginResponse));
    expect(read.request?.equals(request)).toBe(true);
    expect(read.entryPoints).toBeUndefined();
  });

  test.each([
    [v.credentialId, v.codeResponse.cbor],
    [v.chapter02.credentialId, v.chapter02.codeResponse],
  ])('code for %s', (credentialId, cbor) => {
    const response = MultiFactorAuthResponse.of(fromHex(credentialId), v.codeResponse.code);
    expect(toHex(response.encode())).toBe(cbor);
    expect(MultiFactorAuthResponse.decode(fromHex(cbor)).response).toBe(v.codeResponse.code);
  });

  test('WebAuthn', () => {
    const { authenticatorData, clientDataJson, signature, cbor } = v.webauthnResponse;
    const webauthn = WebauthnResponse.of({
      authenticatorData: fromHex(authenticatorData),
      clientDataJson: fromHex(clientDataJson),
      signature: fromHex(signature),
    });
    const response = MultiFactorAuthResponse.of(fromHex(v.credentialId), webauthn);
    expect(toHex(response.encode())).toBe(cbor);
    const read = MultiFactorAuthResponse.decode(fromHex(cbor));
    expect(read.equals(response)).toBe(true);
    expect(read.response instanceof WebauthnResponse && read.response.equals(webauthn)).toBe(true);
  });

  const decoders = new Map<string, (bytes: Uint8Array) => unknown>([
    ['method', MultiFactorAuthMethod.decode],
    ['request', MultiFactorAuthRequest.decode],
    ['response', MultiFactorAuthResponse.decode],
  ]);
  test.each(v.invalid)('refused $kind: $reason', ({ kind, cbor }) => {
    expect(() => decoders.get(kind)?.(fromHex(cbor))).toThrow(FormatError);
  });
});

test('lists of methods', () => {
  const methods = [totp(v.credentialId, 1), totp(v.chapter02.credentialId, 2)];
  const read = decodeMfaMethods(encodeMfaMethods(methods));
  expect(read).toHaveLength(2);
  for (const [i, method] of read.entries()) expect(method.equals(methods[i])).toBe(true);
  expect(toHex(encodeMfaMethods([]))).toBe('80');
});

test('a kind of factor that we do not know is kept', () => {
  const unknown = MultiFactorAuthMethod.of({ name: 'x', credentialId: Uint8Array.of(1), createdDay: 0, type: 99, enabled: false });
  expect(MultiFactorAuthMethod.decode(unknown.encode()).type).toBe(99);
});

test('an empty code and an empty signature are possible', () => {
  const cancelled = MultiFactorAuthResponse.of(Uint8Array.of(1), '');
  expect(MultiFactorAuthResponse.decode(cancelled.encode()).equals(cancelled)).toBe(true);
  const empty = new Uint8Array();
  const registration = WebauthnResponse.of({ authenticatorData: Uint8Array.of(1), clientDataJson: Uint8Array.of(2), signature: empty });
  expect(WebauthnResponse.decode(registration.encode()).equals(registration)).toBe(true);
});

test('codes are not printed', () => {
  const response = MultiFactorAuthResponse.of(Uint8Array.of(1), 'abcdefghij');
  expect(`${String(response)}${JSON.stringify(response)}`).not.toContain('abcdefghij');
});

describe('limits', () => {
  const of = (parts: Partial<Parameters<typeof MultiFactorAuthMethod.of>[0]>): MultiFactorAuthMethod =>
    MultiFactorAuthMethod.of({ name: '', credentialId: Uint8Array.of(1), createdDay: 0, type: 1, enabled: true, ...parts });

  test('MAX_MFA_NAME_LENGTH', () => {
    const longest = of({ name: 'ä'.repeat(MAX_MFA_NAME_LENGTH) });
    expect(MultiFactorAuthMethod.decode(longest.encode()).equals(longest)).toBe(true);
    expect(() => of({ name: 'a'.repeat(MAX_MFA_NAME_LENGTH + 1) })).toThrow(ArgumentError);
  });

  test('MAX_CREDENTIAL_ID_SIZE', () => {
    const longest = of({ credentialId: new Uint8Array(MAX_CREDENTIAL_ID_SIZE) });
    expect(MultiFactorAuthMethod.decode(longest.encode()).equals(longest)).toBe(true);
    expect(() => of({ credentialId: new Uint8Array(MAX_CREDENTIAL_ID_SIZE + 1) })).toThrow(ArgumentError);
  });

  test('MAX_MFA_METHODS', () => {
    const many = (count: number): MultiFactorAuthMethod[] => Array.from({ length: count }, () => of({}));
    expect(decodeMfaMethods(encodeMfaMethods(many(MAX_MFA_METHODS)))).toHaveLength(MAX_MFA_METHODS);
    expect(() => encodeMfaMethods(many(MAX_MFA_METHODS + 1))).toThrow(LimitError);
    expect(() => decodeMfaMethods(encodeCbor(many(MAX_MFA_METHODS + 1).map((method) => method.toCbor())))).toThrow(LimitError);
  });

  test('MAX_MFA_CODE_LENGTH', () => {
    const longest = MultiFactorAuthResponse.of(Uint8Array.of(1), '1'.repeat(MAX_MFA_CODE_LENGTH));
    expect(MultiFactorAuthResponse.decode(longest.encode()).equals(longest)).toBe(true);
    expect(() => MultiFactorAuthResponse.of(Uint8Array.of(1), '1'.repeat(MAX_MFA_CODE_LENGTH + 1))).toThrow(ArgumentError);
  });

  test('MAX_MFA_RESPONSE_SIZE', () => {
    const sized = (size: number): MultiFactorAuthResponse => {
      const parts = { authenticatorData: new Uint8Array(size), clientDataJson: new Uint8Array(), signature: new Uint8Array() };
      return MultiFactorAuthResponse.of(Uint8Array.of(1), WebauthnResponse.of(parts));
    };
    const overhead = sized(1000).encode().length - 1000;
    const largest = sized(MAX_MFA_RESPONSE_SIZE - overhead);
    expect(MultiFactorAuthResponse.decode(largest.encode()).equals(largest)).toBe(true);
    expect(() => sized(MAX_MFA_RESPONSE_SIZE - overhead + 1)).toThrow(LimitError);
    expect(() => MultiFactorAuthResponse.decode(new Uint8Array(MAX_MFA_RESPONSE_SIZE + 1))).toThrow(LimitError);
  });

  test('arguments are checked', () => {
    for (const bad of [{ name: '\ud800' }, { credentialId: new Uint8Array() }, { createdDay: -1 }, { type: 0 }, { enabled: 1 as never }]) {
      expect(() => of(bad)).toThrow(ArgumentError);
    }
    expect(() => MultiFactorAuthRequest.of([], new Uint8Array(31))).toThrow(ArgumentError);
    expect(() => MultiFactorAuthRequest.of([{} as never], new Uint8Array(32))).toThrow(ArgumentError);
    expect(() => MultiFactorAuthResponse.of(new Uint8Array(), '1')).toThrow(ArgumentError);
    expect(() => MultiFactorAuthResponse.of(Uint8Array.of(1), 1 as never)).toThrow(ArgumentError);
    expect(() => MultiFactorAuthResponse.decode('a0' as never)).toThrow(ArgumentError);
    const bytes = new Uint8Array();
    expect(() => WebauthnResponse.of({ authenticatorData: bytes, clientDataJson: '{}' as never, signature: bytes })).toThrow(ArgumentError);
  });
});
