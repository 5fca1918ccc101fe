import type { Cid } from '@pyrgos/core/codec';
import { CryptoError, type PyrgosError, throwIfAborted } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { MAX_CHAMP_LOOKUPS } from '@pyrgos/core/limits';
import { type ChampLookup, type ChampLookupResult, type ChunkLocation, CryptreeNode, isAboutOneKey } from '@pyrgos/core/model';
import type { ReadOptions, View } from './view.js';

/** A node that was found, verified and parsed; nothing of it is decrypted yet. */
export interface LoadedNode {
  readonly cid: Cid;
  readonly node: CryptreeNode;
  readonly error?: undefined;
}

/** A node that cannot be had, because of what lies under its map key alone. */
export interface UnreadableNode {
  readonly error: PyrgosError;
  readonly cid?: undefined;
  readonly node?: undefined;
}

/** What lies under a map key; undefined when the tree does not have it. */
export type NodeResult = LoadedNode | UnreadableNode | undefined;

/** How nodes are loaded. */
export interface LoadOptions extends ReadOptions {
  /** Whether they stay in the cache of nodes; default true. Not so where something smaller is kept of each of many. */
  readonly isKept?: boolean | undefined;
}

/** Whether an error says something about one piece of data; any other ends the whole operation. */
export function isDamage(error: unknown): error is PyrgosError {
  return isAboutOneKey(error) || error instanceof CryptoError;
}

/**
 * The nodes at some locations in the tree of one writer, in order (chapter 04 section 12.1): from the cache, the rest in requests of 20.
 * A node that is damaged, missing or refused is the answer of its own location; a block that the server says it lacks is asked for twice.
 */
export async function loadNodes(
  view: View,
  owner: PublicKeyHash,
  writer: PublicKeyHash,
  locations: readonly ChunkLocation[],
  options: LoadOptions = {},
): Promise<NodeResult[]> {
  throwIfAborted(options.signal ?? view.signal, 'reading a directory or file');
  const root = await view.treeOf(owner, writer, options);
  if (root === undefined) return locations.map(() => undefined);
  const results = locations.map(({ mapKey }) => cachedNode(view, root, mapKey));
  await findKnown(view, owner, writer, locations, results, options);
  const open = [...results.keys()].filter((i) => results[i] === 'unknown');
  const batches: number[][] = [];
  for (let start = 0; start < open.length; start += MAX_CHAMP_LOOKUPS) batches.push(open.slice(start, start + MAX_CHAMP_LOOKUPS));
  await Promise.all(
    batches.map(async (batch) => {
      const wanted = batch.map((i) => locations[i] as ChunkLocation);
      const found = await lookUp(view, owner, writer, wanted, options);
      for (const [j, i] of batch.entries()) results[i] = parsed(view, root, wanted[j] as ChunkLocation, found[j], options);
    }),
  );
  return results.map((result) => (result === 'unknown' ? undefined : result));
}

/** {@link loadNodes} for one location. */
export async function loadNode(
  view: View,
  owner: PublicKeyHash,
  writer: PublicKeyHash,
  location: ChunkLocation,
  options: LoadOptions = {},
): Promise<NodeResult> {
  const [result] = await loadNodes(view, owner, writer, [location], options);
  return result;
}

function cachedNode(view: View, root: Cid, mapKey: Uint8Array): NodeResult | 'unknown' {
  const location = view.nodes.locationOf(root, mapKey);
  if (location === undefined) return 'unknown';
  if (location === null) return undefined;
  const cached = view.nodes.node(location);
  return cached === undefined ? 'unknown' : { cid: location, node: cached.node };
}

/** Fills in nodes that are at hand although their tree has another root by now: most of it has stayed as it was. */
async function findKnown(
  view: View,
  owner: PublicKeyHash,
  writer: PublicKeyHash,
  locations: readonly ChunkLocation[],
  results: (NodeResult | 'unknown')[],
  options: ReadOptions,
): Promise<void> {
  const open = [...results.keys()].filter((i) => results[i] === 'unknown');
  if (open.length === 0) return;
  const mapKeys = open.map((i) => (locations[i] as ChunkLocation).mapKey);
  for (const [j, cid] of (await view.knownCids(owner, writer, mapKeys, options)).entries()) {
    const cached = cid === undefined || cid === null ? undefined : view.nodes.node(cid);
    if (cid !== undefined && cid !== null && cached !== undefined) results[open[j] as number] = { cid, node: cached.node };
  }
}

async function lookUp(
  view: View,
  owner: PublicKeyHash,
  writer: PublicKeyHash,
  locations: readonly ChunkLocation[],
  options: ReadOptions,
): Promise<ChampLookupResult[]> {
  const lookups = locations.map((location): ChampLookup => {
    const bat = location.batWithId(view.crypto);
    return bat === undefined ? { key: location.mapKey } : { key: location.mapKey, bat };
  });
  const results = [...(await view.lookUp(owner, writer, lookups, options))];
  const missing = [...results.keys()].filter((i) => results[i]?.error?.code === 'not-found.block');
  if (missing.length === 0) return results;
  const again = await view.lookUp(
    owner,
    writer,
    missing.map((i) => lookups[i] as ChampLookup),
    options,
  );
  for (const [j, i] of missing.entries()) results[i] = again[j];
  return results;
}

function parsed(view: View, root: Cid, { mapKey }: ChunkLocation, found: ChampLookupResult, { isKept = true }: LoadOptions): NodeResult {
  if (found === undefined) {
    view.nodes.setLocation(root, mapKey, null);
    return undefined;
  }
  if (found.error !== undefined) return { error: found.error };
  const { cid, bytes } = found;
  const cached = view.nodes.node(cid);
  if (isKept) view.nodes.setLocation(root, mapKey, cid);
  if (cached !== undefined) return { cid, node: cached.node };
  try {
    const node = CryptreeNode.decode(bytes);
    if (isKept) view.nodes.setNode(cid, node, bytes.length);
    return { cid, node };
  } catch (error) {
    if (isDamage(error)) return { error };
    throw error;
  }
}
