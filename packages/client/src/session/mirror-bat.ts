import type { CborValue } from '@pyrgos/core/codec';
import { CipherText } from '@pyrgos/core/containers';
import { PyrgosError } from '@pyrgos/core/errors';
import { Bat, BatWithId, type Signer, type SymmetricKey } from '@pyrgos/core/keys';
import type { ClientContext } from './client-context.js';
import { localKeys } from './local-store.js';
import { isAway } from './online-state.js';

/** Whose mirror BAT is looked for. */
export interface MirrorBatOwner {
  readonly username: string;
  readonly identity: Signer;
  readonly rootKey: SymmetricKey;
}

/**
 * The mirror BAT of an account: the last one that the server has, or a new one when it has none; from this device when the server is
 * away or has too much to do (chapter 05 section 10.4). Undefined when there is none to be had; then new blocks carry none.
 */
export async function mirrorBatOf(context: ClientContext, owner: MirrorBatOwner, signal?: AbortSignal): Promise<BatWithId | undefined> {
  const { network, crypto } = context;
  const { username, identity } = owner;
  try {
    const bats = await context.online.run(async () => network.bats.list(username, identity, signal));
    // A BAT under an id that is not its own would open nothing for anybody.
    const usable = bats.filter((bat) => bat.hasOwnId(crypto));
    if (usable.length === 0) return await registerMirrorBat(context, owner, signal);
    await remember(context, owner, usable);
    return usable.at(-1);
  } catch (error) {
    if (!isAway(error) && !(error instanceof PyrgosError && error.code === 'rate')) throw error;
    return (await remembered(context, owner)).at(-1);
  }
}

/** Makes a mirror BAT and gives it to the server. */
async function registerMirrorBat(context: ClientContext, owner: MirrorBatOwner, signal?: AbortSignal): Promise<BatWithId> {
  const bat = Bat.generate(context.crypto).withMirrorId(context.crypto);
  await context.network.bats.add(owner.username, bat, owner.identity, signal);
  await remember(context, owner, [bat]);
  return bat;
}

async function remember(
  { cache, crypto }: ClientContext,
  { username, rootKey }: MirrorBatOwner,
  bats: readonly BatWithId[],
): Promise<void> {
  if (cache === undefined) return;
  const list: CborValue = bats.map((bat) => bat.toCbor());
  await cache.put(localKeys.bats(username), CipherText.seal(crypto, rootKey, list).encode());
}

async function remembered({ cache, crypto }: ClientContext, { username, rootKey }: MirrorBatOwner): Promise<readonly BatWithId[]> {
  const bytes = await cache?.get(localKeys.bats(username));
  if (bytes === undefined) return [];
  try {
    const list = CipherText.decode(bytes).open(crypto, rootKey);
    return Array.isArray(list) ? (list as readonly CborValue[]).map((bat) => BatWithId.fromCbor(bat)) : [];
  } catch (error) {
    // Sealed before the last password change, or damaged.
    if (error instanceof PyrgosError) return [];
    throw error;
  }
}
