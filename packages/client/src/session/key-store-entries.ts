import { chainFromCbor, chainToCbor, compareExpiry, isWireUsername, type UserPublicKeyLink } from '@pyrgos/core/accounts';
import { assertBytes } from '@pyrgos/core/bytes';
import { type CborValue, decodeCbor, encodeCbor } from '@pyrgos/core/codec';
import { FormatError, LimitError, PyrgosError } from '@pyrgos/core/errors';
import { MAX_KEY_STORE_SIZE } from '@pyrgos/core/limits';
import { type Chain, isChain, lastLink } from './user-chain.js';

/** What a key store file holds (chapter 05 section 18.1). */
export interface KeyStoreEntries {
  readonly chains: Map<string, Chain>;
  /** Entries that could not be read; they stay in the file as they are. */
  readonly damaged: Map<string, CborValue>;
}

/**
 * Reads the file: a map of username to chain. An entry that cannot be read is set aside and hides no other one. FormatError when the whole
 * is no map, LimitError beyond MAX_KEY_STORE_SIZE.
 */
export function decodeKeyStore(bytes: Uint8Array): KeyStoreEntries {
  assertBytes('bytes', bytes);
  if (bytes.length > MAX_KEY_STORE_SIZE) throw new LimitError('key store', bytes.length, MAX_KEY_STORE_SIZE);
  const value = decodeCbor(bytes);
  if (!(value instanceof Map)) throw new FormatError('format.account', 'key store', 'must be a map');
  const chains = new Map<string, Chain>();
  const damaged = new Map<string, CborValue>();
  for (const [username, links] of value as ReadonlyMap<string, CborValue>) {
    const chain = isWireUsername(username) ? readChain(links) : undefined;
    if (chain === undefined) damaged.set(username, links);
    else chains.set(username, chain);
  }
  return { chains, damaged };
}

/** The bytes of the file. LimitError beyond MAX_KEY_STORE_SIZE. */
export function encodeKeyStore({ chains, damaged }: KeyStoreEntries): Uint8Array {
  const map = new Map<string, CborValue>(damaged);
  for (const [username, chain] of chains) map.set(username, chainToCbor(chain));
  const bytes = encodeCbor(map);
  if (bytes.length > MAX_KEY_STORE_SIZE) throw new LimitError('key store', bytes.length, MAX_KEY_STORE_SIZE);
  return bytes;
}

/** Whether the last claim of a chain has run out by `date` (`YYYY-MM-DD`). It stays valid, but a renewal may be due. */
export function isExpired(chain: Chain, date: string): boolean {
  return compareExpiry(lastLink(chain).claim.expiry, date) < 0;
}

function readChain(value: CborValue): Chain | undefined {
  try {
    const links: UserPublicKeyLink[] = chainFromCbor(value);
    return isChain(links) ? links : undefined;
  } catch (error) {
    if (error instanceof PyrgosError) return undefined;
    throw error;
  }
}
