import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
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

  test('several at once, of any number and mix of lengths, in order', () => {
    // Groups of four, three and fewer; equal and unequal; around the quarter slices that the four share.
    const sizes = [0, 63, 64, 255, 256, 257, 4095, 4096, 4097, 16_384, 16_447, 40_000];
    for (let count = 0; count <= 11; count++) {
      for (let shift = 0; shift < sizes.length; shift++) {
        const inputs = Array.from({ length: count }, (_, i) => message(sizes[(shift + i * (1 + (shift % 3))) % sizes.length] ?? 0));
        expect(kernels.sha256Many(inputs).map(toHex)).toEqual(inputs.map((input) => toHex(sha256(input))));
      }
    }
    const same = message(5000);
    expect(kernels.sha256Many([same, same, same, same, same]).map(toHex)).toEqual(Array.from({ length: 5 }, () => toHex(sha256(same))));
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

describe('the module', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  /** Kernels, and the memory that they use. */
  async function loadWithMemory(): Promise<{ loaded: WasmKernels; memory: Uint8Array }> {
    const real = WebAssembly.instantiate.bind(WebAssembly) as (bytes: BufferSource) => Promise<WebAssembly.WebAssemblyInstantiatedSource>;
    let exports: WebAssembly.Exports | undefined;
    const spy = vi.spyOn(WebAssembly, 'instantiate') as unknown as {
      mockImplementation: (run: (bytes: BufferSource) => Promise<WebAssembly.WebAssemblyInstantiatedSource>) => void;
    };
    spy.mockImplementation(async (bytes) => {
      const source = await real(bytes);
      ({ exports } = source.instance);
      return source;
    });
    const loaded = await loadWasmKernels();
    const memory = exports?.['memory'];
    if (!(memory instanceof WebAssembly.Memory)) throw new Error('the module has no memory');
    return { loaded, memory: new Uint8Array(memory.buffer) };
  }

  const occursIn = (memory: Uint8Array, part: Uint8Array): boolean => {
    for (let at = memory.indexOf(part[0] ?? 0); at >= 0; at = memory.indexOf(part[0] ?? 0, at + 1)) {
      if (equalBytes(memory.subarray(at, at + part.length), part)) return true;
    }
    return false;
  };

  test('keeps nothing of keys and data after a call, and stays small', async () => {
    const { loaded, memory } = await loadWithMemory();
    const secretKey = Uint8Array.from({ length: 32 }, (_, i) => 0xa0 ^ (i * 37));
    const plain = Uint8Array.from({ length: 70_001 }, (_, i) => (i * 131 + (i >> 8) * 17 + 3) & 255);
    const short = plain.subarray(0, 200);
    const parts = [secretKey.subarray(0, 8), ...[0, 150, 500, 4096, 16_300, 69_900].map((at) => plain.subarray(at, at + 16))];
    const before = memory.slice();
    const boxed = loaded.secretboxSeal(plain, nonce, secretKey);
    const forged = boxed.map((byte, i) => (i === 20 ? byte ^ 1 : byte));
    const calls: Record<string, () => unknown> = {
      seal: () => loaded.secretboxSeal(plain, nonce, secretKey),
      open: () => loaded.secretboxOpen(boxed, nonce, secretKey),
      'open a forgery': () => loaded.secretboxOpen(forged, nonce, secretKey),
      hash: () => loaded.sha256(plain),
      'hash a key': () => loaded.sha256(secretKey),
      'hash little': () => loaded.sha256(short),
      'hash four': () => loaded.sha256Many([plain, plain.subarray(1), plain.subarray(2), plain.subarray(3)]),
      'hash two': () => loaded.sha256Many([plain, secretKey]),
      stream: () => loaded.createSha256().update(plain).update(secretKey).digest(),
    };
    for (const [name, call] of Object.entries(calls)) {
      call();
      // The MAC may be left: it is in the result too.
      expect(memory.filter((byte, i) => byte !== before[i]).length, name).toBeLessThanOrEqual(16);
      expect(
        parts.map((part) => occursIn(memory, part)),
        name,
      ).toEqual(parts.map(() => false));
    }
    expect(memory.byteLength).toBeLessThanOrEqual(256 * 1024);
  });

  test('is refused with a typed error where there is no WebAssembly, or where it may not be compiled', async () => {
    const refusal = vi.spyOn(WebAssembly, 'instantiate').mockRejectedValue(new WebAssembly.CompileError('blocked by CSP'));
    await expect(loadWasmKernels()).rejects.toMatchObject({ code: 'crypto.unavailable' });
    refusal.mockRestore();
    vi.stubGlobal('WebAssembly', undefined);
    await expect(loadWasmKernels()).rejects.toMatchObject({ code: 'crypto.unavailable' });
  });
});
