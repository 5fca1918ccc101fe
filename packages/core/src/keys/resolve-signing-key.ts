import { assertMethods, assertObject } from '../arguments.js';
import { assertBytes, equalBytes } from '../bytes.js';
import type { Cid } from '../codec/cid.js';
import type { Hasher } from '../crypto/provider.js';
import { ArgumentError, FormatError, NotFoundError, PyrgosError } from '../errors.js';
import { PublicKeyHash } from './public-key-hash.js';
import { decodePublicBoxingKey, type PublicBoxingKey } from './boxing-key.js';
import { PublicSigningKey } from './signing-key.js';

/** Whose key block is read. Key blocks are public: no BAT. */
export interface KeyReadContext {
  readonly owner: PublicKeyHash;
  readonly signal?: AbortSignal | undefined;
}

/** What keys need of a source of blocks: every BlockSource (store/block-store.ts) is one; stores stand above keys. */
export interface KeyBlockSource {
  /** The bytes of a block; NotFoundError `not-found.block` when it does not exist. */
  getBlock(cid: Cid, context: KeyReadContext): Promise<Uint8Array>;
}

/** Where keys that are blocks of their own come from, and whose blocks they are. */
export interface KeyLookup {
  readonly hasher: Hasher;
  readonly blocks: KeyBlockSource;
  readonly context: KeyReadContext;
}

/**
 * The bytes of the key that `hash` names: inline, or the block with exactly this hash. NotFoundError `not-found.key` when the block
 * does not exist.
 */
async function keyBytes(hash: PublicKeyHash, lookup: KeyLookup): Promise<Uint8Array> {
  if (!(hash instanceof PublicKeyHash)) throw new ArgumentError('hash', 'must be a PublicKeyHash');
  const inline = hash.inlineKey;
  if (inline !== undefined) return inline;
  assertObject('lookup', lookup);
  assertMethods('lookup.hasher', lookup.hasher, 'sha256');
  assertMethods('lookup.blocks', lookup.blocks, 'getBlock');
  let block: Uint8Array;
  try {
    block = await lookup.blocks.getBlock(hash.cid, lookup.context);
  } catch (error) {
    if (error instanceof PyrgosError && error.code === 'not-found.block') {
      throw new NotFoundError('not-found.key', 'the block of this public key does not exist', { hash: hash.toString() });
    }
    throw error;
  }
  assertBytes('block', block);
  // A substituted key would be fatal, so this does not rely on the source's own check.
  if (!equalBytes(lookup.hasher.sha256(block), hash.cid.multihash.digest)) {
    throw new FormatError('format.key', 'PublicKeyHash', 'the block does not have the hash that names the key');
  }
  return block;
}

/**
 * The public signing key that `hash` names (chapter 01 section 11.2). Identity hashes take no fetch; sha2-256 ones are
 * `legacy: read only`. NotFoundError `not-found.key` when unknown, FormatError `format.key` when it is no signing key.
 */
export async function resolveSigningKey(hash: PublicKeyHash, lookup: KeyLookup): Promise<PublicSigningKey> {
  return PublicSigningKey.decode(await keyBytes(hash, lookup));
}

/** The public boxing key that `hash` names (chapter 01 section 11.2): hybrid keys are blocks. Errors as in {@link resolveSigningKey}. */
export async function resolveBoxingKey(hash: PublicKeyHash, lookup: KeyLookup): Promise<PublicBoxingKey> {
  return decodePublicBoxingKey(await keyBytes(hash, lookup));
}

/** The signing key inside an identity hash, or undefined when the hash must be resolved through a block. */
export function inlineSigningKey(hash: PublicKeyHash): PublicSigningKey | undefined {
  if (!(hash instanceof PublicKeyHash)) throw new ArgumentError('hash', 'must be a PublicKeyHash');
  const inline = hash.inlineKey;
  return inline === undefined ? undefined : PublicSigningKey.decode(inline);
}
