import { concatBytes, fromHex, toHex } from '@pyrgos/core/bytes';
import { cborMap, encodeCbor } from '@pyrgos/core/codec';
import { PyrgosError } from '@pyrgos/core/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VirtualAuthenticator } from '../../../test/virtual-authenticator.js';
import { AttestedCredential } from './authenticator-data.js';
import { WebauthnVerifier } from './webauthn-verifier.js';

const vector =
  'a361630061645871586f50726f746f6e5061737350726f746f6e0010181dfbb184591e6359a8f3a1c08d1507a5010203262001215820bd631ab6e9f96915b56c1645a1081529' +
  'd7390172d623bd427458d25c2ce63d5f225820285a80bae02c73e7723e244db7d0070e1e576415c6fa09ca8f5a4a7a277cfa8d617341a0';

function credentialOf(device: VirtualAuthenticator): AttestedCredential {
  return AttestedCredential.read(device.attestedCredential(new Uint8Array(16).fill(0xaa))).credential;
}

function stored(d: Uint8Array, c = 0): Uint8Array {
  return encodeCbor(
    cborMap([
      ['c', c],
      ['d', d],
      ['s', Uint8Array.of(0xa0)],
    ]),
  );
}

describe('the stored form of a security key', () => {
  test('vector of chapter 05 section 15.6', () => {
    const verifier = WebauthnVerifier.decode(fromHex(vector));
    expect(toHex(verifier.credential.claimedAaguid)).toBe('50726f746f6e5061737350726f746f6e');
    expect(toHex(verifier.credential.credentialId)).toBe('181dfbb184591e6359a8f3a1c08d1507');
    expect(toHex(verifier.credential.keyBytes)).toMatch(/^a5010203262001215820bd63.{56}3d5f225820285a.{56}fa8d$/);
    expect(verifier.counter).toBe(0);
    expect(toHex(verifier.encode())).toBe(vector);
    expect(toHex(verifier.withCounter(7).encode())).toBe(vector.replace('a3616300', 'a3616307'));
  });

  test.each(['ES256', 'EdDSA', 'RS256'] as const)('survives encoding and decoding: %s', (algorithm) => {
    const verifier = WebauthnVerifier.of(credentialOf(new VirtualAuthenticator(algorithm)), 0xffffffff);
    const again = WebauthnVerifier.decode(verifier.encode());
    expect(again.equals(verifier)).toBe(true);
    expect(again.counter).toBe(0xffffffff);
    expect(again.equals(verifier.withCounter(1))).toBe(false);
  });

  test('has credential ids of 1 to 1023 bytes', () => {
    const { keyBytes } = credentialOf(new VirtualAuthenticator());
    const withId = (length: number): WebauthnVerifier =>
      WebauthnVerifier.of(AttestedCredential.of(new Uint8Array(16), new Uint8Array(length), keyBytes), 0);
    for (const length of [1, 1023]) expect(WebauthnVerifier.decode(withId(length).encode()).credential.credentialId).toHaveLength(length);
    for (const length of [0, 1024]) expect(() => withId(length)).toThrow('the credential id has a bad size');
    expect(() => AttestedCredential.of(new Uint8Array(15), Uint8Array.of(1), keyBytes)).toThrow('the credential is malformed');
  });

  test('is refused when it is damaged', () => {
    const bytes = credentialOf(new VirtualAuthenticator()).encode();
    for (const d of [
      bytes,
      encodeCbor(concatBytes(bytes, Uint8Array.of(0))),
      encodeCbor(bytes.slice(0, -1)),
      encodeCbor('x'),
      new Uint8Array(),
    ]) {
      expect(() => WebauthnVerifier.decode(stored(d))).toThrow(PyrgosError);
    }
    expect(() => WebauthnVerifier.decode(stored(encodeCbor(bytes), -1))).toThrow('must be from 0');
    expect(() => WebauthnVerifier.decode(Uint8Array.of(0xa0))).toThrow('is missing');
    expect(() => WebauthnVerifier.decode(new Uint8Array())).toThrow(PyrgosError);
  });
});

/** A serialised Java object as far as anybody looks into it: its first bytes, and byte arrays at fixed places, each after its length. */
function javaObject(
  arrays: readonly (readonly [offset: number, bytes: Uint8Array])[],
  loose: readonly (readonly [number, Uint8Array])[] = [],
): Uint8Array {
  const [end, last] = arrays.at(-1)!;
  const object = Buffer.alloc(end + last.length, 0x5a);
  object.writeUInt32BE(0xaced0005, 0);
  for (const [offset, bytes] of arrays) {
    object.writeUInt32BE(bytes.length, offset - 4);
    object.set(bytes, offset);
  }
  for (const [offset, bytes] of loose) object.set(bytes, offset);
  return new Uint8Array(object);
}

test('whatever is stored is read or refused, never anything else', () => {
  const good = WebauthnVerifier.of(credentialOf(new VirtualAuthenticator('RS256')), 1).encode();
  const damaged = fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => good.map((old, i) => (i === at ? byte : old)));
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      try {
        const verifier = WebauthnVerifier.decode(bytes);
        expect(WebauthnVerifier.decode(verifier.encode()).equals(verifier)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(PyrgosError);
      }
    }),
    { numRuns: 1000 },
  );
});

describe('the legacy Java form', () => {
  const aaguid = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
  const coordinate = (device: VirtualAuthenticator, label: number): Uint8Array => device.coseKey.get(label) as Uint8Array;

  function edwards(device: VirtualAuthenticator): Uint8Array {
    return javaObject([
      [1017, coordinate(device, -2)],
      [1059, device.credentialId],
    ]);
  }

  function weierstrass(device: VirtualAuthenticator): Uint8Array {
    return javaObject(
      [
        [1026, coordinate(device, -2)],
        [1068, coordinate(device, -3)],
        [1110, device.credentialId],
      ],
      [
        [407, aaguid.subarray(0, 8)],
        [399, aaguid.subarray(8)],
      ],
    );
  }

  test('gives the credential, and is written in the current form', () => {
    const device = new VirtualAuthenticator('EdDSA');
    const verifier = WebauthnVerifier.decode(stored(edwards(device), 5));
    expect(verifier.counter).toBe(5);
    expect(toHex(verifier.credential.encode())).toBe(toHex(device.attestedCredential()));
    expect(verifier.equals(WebauthnVerifier.of(AttestedCredential.read(device.attestedCredential()).credential, 5))).toBe(true);
    const other = new VirtualAuthenticator('ES256', undefined, new Uint8Array(64).fill(9));
    expect(toHex(WebauthnVerifier.decode(stored(weierstrass(other))).credential.encode())).toBe(toHex(other.attestedCredential(aaguid)));
  });

  test('verifies signatures', () => {
    const [data, clientData] = [new Uint8Array(37), new Uint8Array(9)];
    for (const [device, form] of [
      [new VirtualAuthenticator('EdDSA'), edwards],
      [new VirtualAuthenticator('ES256'), weierstrass],
    ] as const) {
      const { publicKey } = WebauthnVerifier.decode(stored(form(device))).credential;
      const signature = device.sign(data, clientData);
      const signed = concatBytes(
        data,
        new Uint8Array(Buffer.from('3e7077fd2f66d689e0cee6a7cf5b37bf2dca7c979af356d0a31cbc5c85605c7d', 'hex')),
      );
      expect(publicKey.verify(signed, signature)).toBe(true);
      expect(publicKey.verify(concatBytes(signed, Uint8Array.of(0)), signature)).toBe(false);
    }
  });

  test('is refused when it is another object, or cut off', () => {
    const device = new VirtualAuthenticator('EdDSA');
    const object = edwards(device);
    for (const length of [4, 5, 1016, 1017, 1048, 1058, 1059, object.length - 1]) {
      expect(() => WebauthnVerifier.decode(stored(object.slice(0, length)))).toThrow('the stored credential is malformed');
    }
    const noCurve = weierstrass(new VirtualAuthenticator('ES256'));
    noCurve[1030] = (noCurve[1030] ?? 0) ^ 1;
    expect(() => WebauthnVerifier.decode(stored(noCurve))).toThrow('the public key is malformed');
  });
});
