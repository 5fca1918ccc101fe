import type { CryptoProvider } from '@pyrgos/core/crypto';
import type { FuzzTarget } from './targets.js';

/** Formats of chapter 03. */
export async function mutableDataTargets(_crypto: CryptoProvider): Promise<FuzzTarget[]> {
  return [];
}
