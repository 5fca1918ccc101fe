import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { equalBytes, fromHex, toHex } from '../../bytes.js';
import { loadWasmKernels, type WasmKernels } from './kernels.js';

let kernels: WasmKernels;
beforeAll(async () => {
  kernels = await loadWasmKernels();
});

const key = Uint8Array.from({ length: 32 }, (_, i) => i * 5 + 1);
const nonce = Uint8Array.from({ length: 24 }, (_, i) => 255 - i);
const message = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255);

/** Around the 16-byte MAC block, the first 32 bytes, the 64-byte and 256-byte steps and the 16 KiB slice. */
const lengths = [
  ...Array.from({ length: 300 }, (_, i) => i),
  ...[512, 544, 1024, 16_384, 32_768, 49_152].flatMap((n) => [
    n - 33,
    n - 32,
    n - 31,
    n - 1,
    n,
    n + 1,
    n + 15,
    n + 16,
    n + 17,
    n + 31,
    n + 32,
    n + 33,
  ]),
  100_003,
];

describe('secretbox', () => {
  test('vectors of chapter 01 section 12.1', () => {
    const [k, n] = [new Uint8Array(32).fill(1), new Uint8Array(24).fill(3)];
    expect(toHex(kernels.secretboxSeal(new TextEncoder().encode('hello'), n, k))).toBe('ee5807af6654e6e7fd4ea83411601d3f4e1a8a9d1b');
    expect(toHex(kernels.secretboxSeal(new Uint8Array(), n, k))).toBe('ae1f1b2e0cbe19f30389ec0aa8e45331');
    expect(kernels.secretboxOpen(fromHex('ae1f1b2e0cbe19f30389ec0aa8e45331'), n, k)).toEqual(new Uint8Array());
  });

  test('equals another implementation for every length, and opens again', () => {
    const wrong = lengths.filter((length) => {
      const plain = message(length);
      const expected = xsalsa20poly1305(key, nonce).encrypt(plain);
      const sealed = kernels.secretboxSeal(plain, nonce, key);
      const opened = kernels.secretboxOpen(sealed, nonce, key);
      return !equalBytes(sealed, expected) || opened === undefined || !equalBytes(opened, plain);
    });
    expect(wrong).toEqual([]);
  });

  test('extreme keys and data reach every carry of the MAC', () => {
    for (const byte of [0x00, 0xff, 0xfb, 0x7f, 0x80]) {
      for (const length of [16, 32, 48, 64, 96, 1000, 20_000]) {
        const k = new Uint8Array(32).fill(byte);
        const plain = xsalsa20poly1305(k, nonce).decrypt(xsalsa20poly1305(k, nonce).encrypt(new Uint8Array(length).fill(byte)));
        expect(equalBytes(kernels.secretboxSeal(plain, nonce, k), xsalsa20poly1305(k, nonce).encrypt(plain))).toBe(true);
      }
    }
  });

  test('a change of any byte, of key or nonce, or a cut is refused', () => {
    const sealed = kernels.secretboxSeal(message(200), nonce, key);
    for (let i = 0; i < sealed.length; i++) {
      const changed = sealed.slice();
      changed[i] = (changed[i] ?? 0) ^ 0x80;
      expect(kernels.secretboxOpen(changed, nonce, key)).toBeUndefined();
    }
    expect(kernels.secretboxOpen(sealed.subarray(0, 100), nonce, key)).toBeUndefined();
    expect(
      kernels.secretboxOpen(
        sealed,
        nonce.map((byte) => byte ^ 1),
        key,
      ),
    ).toBeUndefined();
    expect(
      kernels.secretboxOpen(
        sealed,
        nonce,
        key.map((byte) => byte ^ 1),
      ),
    ).toBeUndefined();
  });

  test('takes views and leaves its inputs alone', () => {
    const whole = message(400);
    const view = whole.subarray(100, 300);
    const before = whole.slice();
    const sealed = kernels.secretboxSeal(view, nonce, key);
    expect(equalBytes(sealed, xsalsa20poly1305(key, nonce).encrypt(view))).toBe(true);
    expect(equalBytes(whole, before)).toBe(true);
  });
});

describe('SHA-256', () => {
  test('NIST examples', () => {
    expect(toHex(kernels.sha256(new TextEncoder().encode('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(toHex(kernels.sha256(new Uint8Array()))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(toHex(kernels.sha256(new Uint8Array(1_000_000).fill(0x61)))).toBe(
      'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
    );
  });

  test('equals another implementation for every length, alone, together and as a stream', () => {
    const inputs = lengths.map(message);
    const expected = inputs.map((input) => toHex(sha256(input)));
    expect(inputs.map((input) => toHex(kernels.sha256(input)))).toEqual(expected);
    expect(kernels.sha256Many(inputs).map(toHex)).toEqual(expected);
    expect(inputs.map((input) => toHex(kernels.createSha256().update(input).digest()))).toEqual(expected);
  });

  test('streams may be cut anywhere and interleaved with each other and with everything else', () => {
    const input = message(1000);
    for (const step of [1, 3, 31, 63, 64, 65, 127, 500]) {
      const one = kernels.createSha256();
      const two = kernels.createSha256();
      for (let at = 0; at < input.length; at += step) {
        one.update(input.subarray(at, at + step));
        kernels.sha256(input);
        two.update(input.subarray(at, at + step)).update(new Uint8Array());
        kernels.secretboxSeal(input, nonce, key);
      }
      expect(toHex(one.digest())).toBe(toHex(sha256(input)));
      expect(toHex(two.digest())).toBe(toHex(sha256(input)));
    }
  });
});
