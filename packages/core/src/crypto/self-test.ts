import { concatBytes, equalBytes, fromHex } from '../bytes.js';
import { CryptoError } from '../errors.js';
import type { CryptoBackend, CryptoProvider } from './provider.js';

const filled = (byte: number, length: number): Uint8Array => new Uint8Array(length).fill(byte);
const hello = Uint8Array.of(0x68, 0x65, 0x6c, 0x6c, 0x6f);
const key = filled(1, 32);
const nonce = filled(3, 24);

interface Check {
  readonly operation: string;
  readonly passes: (crypto: CryptoProvider) => boolean | Promise<boolean>;
}

/** Whether `work` gives exactly the bytes of `hex`. */
function gives(hex: string, work: (crypto: CryptoProvider) => Uint8Array): Check['passes'] {
  const expected = fromHex(hex);
  return (crypto) => equalBytes(work(crypto), expected);
}

function refuses(work: () => unknown): boolean {
  try {
    work();
    return false;
  } catch (error) {
    return error instanceof CryptoError && error.code === 'crypto.authentication';
  }
}

function secretboxWorks(crypto: CryptoProvider): boolean {
  const sealed = crypto.secretboxSeal(hello, nonce, key);
  if (!equalBytes(sealed, fromHex('ee5807af6654e6e7fd4ea83411601d3f4e1a8a9d1b'))) return false;
  // More than one internal block and slice, so that every code path of a kernel runs.
  const long = Uint8Array.from({ length: 20_011 }, (_, i) => (i * 7) & 255);
  const boxed = crypto.secretboxSeal(long, nonce, key);
  if (!equalBytes(crypto.sha256(boxed), fromHex(LONG_SECRETBOX_SHA256))) return false;
  if (!equalBytes(crypto.secretboxOpen(boxed, nonce, key), long)) return false;
  const inPlace = concatBytes(filled(9, 16), long);
  crypto.secretboxSealInPlace(inPlace, nonce, key);
  if (!equalBytes(inPlace, boxed)) return false;
  boxed[9000] = (boxed[9000] as number) ^ 1;
  return refuses(() => crypto.secretboxOpen(boxed, nonce, key));
}

const LONG_SECRETBOX_SHA256 = 'e55a59588d03b4a25717bc40872c114a493e92bc1bdecff0ce88f0662415eaef';

function boxWorks(crypto: CryptoProvider): boolean {
  const [one, two] = [filled(0x11, 32), filled(0x22, 32)];
  const sealed = crypto.boxSeal(hello, filled(0x24, 24), crypto.curve25519PublicKey(two), one);
  if (!equalBytes(sealed, fromHex('8ac902b6e9c2b63b64f359aab58738f281928b8e31'))) return false;
  if (!equalBytes(crypto.boxOpen(sealed, filled(0x24, 24), crypto.curve25519PublicKey(one), two), hello)) return false;
  return refuses(() => crypto.boxSeal(hello, nonce, filled(0, 32), one));
}

function signingWorks(crypto: CryptoProvider): boolean {
  const pair = crypto.ed25519KeyPair(filled(7, 32));
  const expected =
    '359a315920d9541c3cc2a1dd1839f3e40bf23358a1d93a6ebd8303c0310ceb5025e679222ab016b4d822c5001e787e00c0ceaa6ac3c6e80248a944bd47104f0c';
  const signature = crypto.ed25519Sign(hello, pair.secretKey);
  if (!equalBytes(signature, fromHex(expected)) || !crypto.ed25519Verify(signature, hello, pair.publicKey)) return false;
  signature[40] = (signature[40] as number) ^ 1;
  if (crypto.ed25519Verify(signature, hello, pair.publicKey)) return false;
  return rule.every(({ key, signature, valid }) => crypto.ed25519Verify(fromHex(signature), hello, fromHex(key)) === valid);
}

/** Keys with a part of small order: a verifier that wants prime order refuses the first, one that uses the cofactor accepts the second. */
const rule = [
  {
    key: 'c071b7719870acebe8257c09074a37feef0f7eac8adbc2d2d2b6ee9d0bbb8abd',
    signature:
      '57cbdff7557e85818455f7f29e6da78480602e7aaacda566c8680b39063dae8f4b6b700d69c36f94e1a87f6e29c51a496d42404fcca7afab360e10278f8a890a',
    valid: true,
  },
  {
    key: 'c071b7719870acebe8257c09074a37feef0f7eac8adbc2d2d2b6ee9d0bbb8abd',
    signature:
      '90b4e666576a1e1c504b5574bdbfb19e833cdfc15f1a51d55cc107bb76e7f98f338f363b639b246d04e6444ba9a7cf2e6fd640c531ba84c8ca141d47854ace0d',
    valid: false,
  },
];

function mlKemWorks(crypto: CryptoProvider): boolean {
  const d = Uint8Array.from({ length: 32 }, (_, i) => i);
  const z = Uint8Array.from({ length: 32 }, (_, i) => i + 32);
  const pair = crypto.mlKemKeyPair(d, z);
  const { ciphertext, sharedSecret } = crypto.mlKemEncapsulate(pair.publicKey, filled(0x42, 32));
  const shared = fromHex('dde5bda1124813a06cdcc735df4926b412e014ec3271a3a2fb0340e667183279');
  if (!equalBytes(sharedSecret, shared) || !equalBytes(crypto.mlKemDecapsulate(ciphertext, pair.secretKey), shared)) return false;
  ciphertext[5] = (ciphertext[5] as number) ^ 1;
  const rejected = fromHex('f0026d27c98705ab26b1fb0a7a16eeb681ce695f438771b1175334efa0bfeefd');
  return equalBytes(crypto.mlKemDecapsulate(ciphertext, pair.secretKey), rejected);
}

async function scryptWorks(crypto: CryptoProvider): Promise<boolean> {
  const out = await crypto.scrypt(new Uint8Array(), new Uint8Array(), { logN: 4, r: 1, p: 1, length: 64 });
  const expected =
    '77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906';
  return equalBytes(out, fromHex(expected));
}

/** Vectors of chapter 01 sections 9 to 13, one small group per operation. */
const checks: readonly Check[] = [
  { operation: 'SHA-256', passes: gives('2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824', (c) => c.sha256(hello)) },
  {
    operation: 'streaming SHA-256',
    passes: gives('2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824', (c) =>
      c.createSha256().update(hello.subarray(0, 2)).update(hello.subarray(2)).digest(),
    ),
  },
  {
    operation: 'SHA-256 of many',
    // Five of different lengths, so that a kernel for four has one left over; their hashes hashed once more.
    passes: gives('1faf01e7c3d2b9db4be1da3948018d4d4507bc949a9fa5798257c6009e356a03', (c) =>
      c.sha256(concatBytes(...c.sha256Many([hello, key, nonce, new Uint8Array(), filled(1, 300)]))),
    ),
  },
  {
    operation: 'HMAC-SHA-256',
    passes: gives('b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7', (c) =>
      c.hmacSha256(filled(0x0b, 20), Uint8Array.of(0x48, 0x69, 0x20, 0x54, 0x68, 0x65, 0x72, 0x65)),
    ),
  },
  {
    operation: 'BLAKE2b',
    passes: gives('bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319', (c) =>
      c.blake2b(Uint8Array.of(0x61, 0x62, 0x63), 32),
    ),
  },
  {
    operation: 'BLAKE3',
    // One block: the first run of JavaScript is slow, and the contract suite has the long inputs.
    passes: gives('af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262', (c) => c.blake3(new Uint8Array())),
  },
  { operation: 'secretbox', passes: secretboxWorks },
  { operation: 'box', passes: boxWorks },
  { operation: 'Ed25519', passes: signingWorks },
  { operation: 'ML-KEM-1024', passes: mlKemWorks },
  { operation: 'scrypt', passes: scryptWorks },
  { operation: 'random', passes: (c) => !equalBytes(c.randomBytes(32), c.randomBytes(32)) },
];

async function passes(check: Check, crypto: CryptoProvider): Promise<boolean> {
  try {
    return await check.passes(crypto);
  } catch {
    return false;
  }
}

/** Runs the vectors on an engine; CryptoError `crypto.self-test` names the operation that fails. */
export async function runSelfTest(backend: CryptoBackend, crypto: CryptoProvider): Promise<void> {
  for (const check of checks) {
    if (await passes(check, crypto)) continue;
    throw new CryptoError('crypto.self-test', `the ${backend} crypto back end computes ${check.operation} wrongly; it is not used`, {
      backend,
      operation: check.operation,
    });
  }
}
