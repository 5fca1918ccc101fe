import type { CryptoProvider } from '@pyrgos/core/crypto';

/** A key of 32 bytes for tests. */
export const key: Uint8Array = new Uint8Array(32).fill(1);
/** A nonce of 24 bytes for tests. */
export const nonce: Uint8Array = new Uint8Array(24).fill(3);

/** Reproducible noise of any length, cheap enough for 5 MiB. */
export function noise(length: number, seed = 1): Uint8Array {
  const out = new Uint8Array(length);
  let state = seed | 1;
  for (let i = 0; i < length; i++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223;
    out[i] = state >>> 24;
  }
  return out;
}

/** What an operation takes: `bytes` of any length, or of the given number; an integer with its bounds. */
export type Parameter =
  | { readonly name: string; readonly size?: number }
  | { readonly name: string; readonly min: number; readonly max: number };

/** One operation of the interface: its parameters in order, and arguments that succeed. */
export interface Operation {
  readonly operation: Exclude<keyof CryptoProvider, 'backend'>;
  readonly parameters: readonly Parameter[];
  /** A call that succeeds. */
  readonly arguments: (crypto: CryptoProvider) => readonly unknown[];
}

const box: readonly Parameter[] = [
  { name: 'nonce', size: 24 },
  { name: 'theirPublicKey', size: 32 },
  { name: 'ourSecretKey', size: 32 },
];

/** Every synchronous operation, except sha256Many and createSha256, whose arguments have another form. */
export const operations: readonly Operation[] = [
  { operation: 'randomBytes', parameters: [{ name: 'length', min: 0, max: 65_536 }], arguments: () => [32] },
  { operation: 'sha256', parameters: [{ name: 'data' }], arguments: () => [key] },
  {
    operation: 'secretboxSeal',
    parameters: [{ name: 'plaintext' }, { name: 'nonce', size: 24 }, { name: 'key', size: 32 }],
    arguments: () => [noise(9), nonce, key],
  },
  {
    operation: 'secretboxSealInPlace',
    parameters: [{ name: 'boxed' }, { name: 'nonce', size: 24 }, { name: 'key', size: 32 }],
    arguments: () => [noise(25), nonce, key],
  },
  {
    operation: 'secretboxOpen',
    parameters: [{ name: 'boxed' }, { name: 'nonce', size: 24 }, { name: 'key', size: 32 }],
    arguments: (crypto) => [crypto.secretboxSeal(noise(9), nonce, key), nonce, key],
  },
  { operation: 'curve25519PublicKey', parameters: [{ name: 'secretKey', size: 32 }], arguments: () => [key] },
  {
    operation: 'boxSeal',
    parameters: [{ name: 'plaintext' }, ...box],
    arguments: (crypto) => [noise(9), nonce, crypto.curve25519PublicKey(noise(32)), key],
  },
  {
    operation: 'boxOpen',
    parameters: [{ name: 'boxed' }, ...box],
    arguments: (crypto) => {
      const theirs = crypto.curve25519PublicKey(noise(32));
      return [crypto.boxSeal(noise(9), nonce, theirs, key), nonce, theirs, key];
    },
  },
  { operation: 'ed25519KeyPair', parameters: [{ name: 'seed', size: 32 }], arguments: () => [key] },
  {
    operation: 'ed25519Sign',
    parameters: [{ name: 'message' }, { name: 'secretKey', size: 64 }],
    arguments: (crypto) => [noise(9), crypto.ed25519KeyPair(key).secretKey],
  },
  {
    operation: 'ed25519Verify',
    parameters: [{ name: 'signature', size: 64 }, { name: 'message' }, { name: 'publicKey', size: 32 }],
    arguments: (crypto) => {
      const pair = crypto.ed25519KeyPair(key);
      return [crypto.ed25519Sign(noise(9), pair.secretKey), noise(9), pair.publicKey];
    },
  },
  { operation: 'hmacSha256', parameters: [{ name: 'key' }, { name: 'data' }], arguments: () => [key, noise(9)] },
  { operation: 'blake2b', parameters: [{ name: 'data' }, { name: 'length', min: 1, max: 64 }], arguments: () => [noise(9), 32] },
  { operation: 'blake3', parameters: [{ name: 'data' }], arguments: () => [noise(9)] },
  {
    operation: 'mlKemKeyPair',
    parameters: [
      { name: 'd', size: 32 },
      { name: 'z', size: 32 },
    ],
    arguments: () => [key, noise(32)],
  },
  {
    operation: 'mlKemEncapsulate',
    parameters: [
      { name: 'publicKey', size: 1568 },
      { name: 'm', size: 32 },
    ],
    arguments: (crypto) => [crypto.mlKemKeyPair(key, noise(32)).publicKey, key],
  },
  {
    operation: 'mlKemDecapsulate',
    parameters: [
      { name: 'ciphertext', size: 1568 },
      { name: 'secretKey', size: 3168 },
    ],
    arguments: (crypto) => {
      const pair = crypto.mlKemKeyPair(key, noise(32));
      return [crypto.mlKemEncapsulate(pair.publicKey, key).ciphertext, pair.secretKey];
    },
  },
];

/** A byte string whose memory was given to another thread: its length is 0, but it is not empty. */
function lostMemory(length = 32): Uint8Array {
  const array = new Uint8Array(length);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

/** Values that are not bytes, some of them nearly. */
export const notBytes: readonly unknown[] = [
  undefined,
  null,
  'text',
  5,
  [1, 2],
  {},
  new ArrayBuffer(32),
  new DataView(new ArrayBuffer(32)),
  new Uint16Array(16),
  Object.create(Uint8Array.prototype),
  lostMemory(),
];

/** Values that the parameter must refuse. */
export function wrongValues(parameter: Parameter): readonly unknown[] {
  if ('min' in parameter) {
    return [parameter.min - 1, parameter.max + 1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', 5n, null, undefined];
  }
  const { size } = parameter;
  return size === undefined ? notBytes : [...notBytes, new Uint8Array(), new Uint8Array(size - 1), new Uint8Array(size + 1)];
}

/** Calls an operation with arguments of any type, as untyped callers do. */
export function callOperation(crypto: CryptoProvider, operation: Operation['operation'], values: readonly unknown[]): unknown {
  return Reflect.apply(crypto[operation], crypto, values);
}

/** All byte strings in a result. */
export function outputsOf(result: unknown): Uint8Array[] {
  if (result instanceof Uint8Array) return [result];
  return typeof result === 'object' && result !== null ? Object.values(result).flatMap((value) => outputsOf(value)) : [];
}

/**
 * The ways in which a caller may hand over the same bytes: a window into a larger array, memory shared with other threads where there is
 * any, and in Node a Buffer from the shared pool.
 */
export function callersForms(): ((bytes: Uint8Array) => Uint8Array)[] {
  const window = (bytes: Uint8Array): Uint8Array => {
    const wide = new Uint8Array(bytes.length + 8).fill(0x77);
    wide.set(bytes, 3);
    return wide.subarray(3, 3 + bytes.length);
  };
  const shared = (bytes: Uint8Array): Uint8Array => {
    const array = new Uint8Array(new SharedArrayBuffer(bytes.length));
    array.set(bytes);
    return array;
  };
  const { Buffer: NodeBuffer } = globalThis as { readonly Buffer?: { readonly from: (bytes: Uint8Array) => Uint8Array } };
  return [
    window,
    // Browsers have it in isolated pages only.
    ...(typeof SharedArrayBuffer === 'function' ? [shared] : []),
    ...(NodeBuffer === undefined ? [] : [(bytes: Uint8Array) => NodeBuffer.from(bytes)]),
  ];
}
