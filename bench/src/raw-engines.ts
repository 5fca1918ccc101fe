import { createHash } from 'node:crypto';

/** libsodium's secretbox as sodium-native exposes it: what our native back end is compared with. */
export interface RawSecretbox {
  readonly seal: (out: Uint8Array, plaintext: Uint8Array, nonce: Uint8Array, key: Uint8Array) => void;
}

interface SodiumNative {
  readonly crypto_secretbox_easy: RawSecretbox['seal'];
}

/** The raw engine, or undefined where the optional native module is missing. */
export async function loadRawSecretbox(): Promise<RawSecretbox | undefined> {
  const name = 'sodium-native';
  try {
    const module = (await import(name)) as { readonly default: SodiumNative };
    return { seal: (out, plaintext, nonce, key) => module.default.crypto_secretbox_easy(out, plaintext, nonce, key) };
  } catch {
    return undefined;
  }
}

/** node:crypto's SHA-256 without anything of ours around it. */
export function rawSha256(data: Uint8Array): Uint8Array {
  return createHash('sha256').update(data).digest();
}
