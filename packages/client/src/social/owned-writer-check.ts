import { PyrgosError } from '@pyrgos/core/errors';
import { type PublicKeyHash, resolveSigningKey } from '@pyrgos/core/keys';
import { OwnedKeys, type WriterData } from '@pyrgos/core/model';
import { ownedSpaces } from '../files/structure/index.js';
import { isDamage, type View } from '../files/view/index.js';

/** Blocks that are read of somebody's account to find one writer in it: enough for a thousand writing spaces. */
const MAX_BLOCKS = 4096;

/**
 * Whether a user owns a writer, directly or through other writers: the validity check of what somebody gives out (chapter 06 section 2.2), with the proofs of
 * the owned keys verified. `identity` comes from the verified chain of the user. `through`: the writers between both as far as they are known, upwards; then a few requests
 * suffice. Otherwise all writers that the user owns are looked at. Undefined when it is not among those that can be read, and they are not all: some are damaged, or too many.
 * Errors of reading.
 */
export async function isWriterOf(
  view: View,
  identity: PublicKeyHash,
  writer: PublicKeyHash,
  through: readonly PublicKeyHash[] = [],
): Promise<boolean | undefined> {
  if (writer.equals(identity)) return true;
  const steps: PublicKeyHash[] = [];
  for (const step of [writer, ...through, identity]) if (steps.at(-1)?.equals(step) !== true) steps.push(step);
  const owns = await Promise.all(
    steps.slice(1).map(async (parent, i) => {
      const child = steps[i];
      return child !== undefined && isDirectlyOwned(view, identity, parent, child);
    }),
  );
  if (owns.every(Boolean)) return true;
  const { writers, isComplete } = await ownedSpaces(view, identity, identity, MAX_BLOCKS);
  if (writers.some((owned) => owned.equals(writer))) return true;
  return isComplete ? false : undefined;
}

/** What a writer of an owner has committed, in the version that the view shows. */
export async function writerDataIn(view: View, owner: PublicKeyHash, writer: PublicKeyHash): Promise<WriterData | undefined> {
  await view.treeOf(owner, writer);
  return view.snapshotOf(owner).get(writer)?.writerData;
}

async function isDirectlyOwned(view: View, owner: PublicKeyHash, parent: PublicKeyHash, child: PublicKeyHash): Promise<boolean> {
  const { crypto, signal } = view;
  const context = signal === undefined ? { owner } : { owner, signal };
  try {
    const writerData = await writerDataIn(view, owner, parent);
    if (writerData === undefined) return false;
    const proof = await OwnedKeys.open(writerData.owned, view, context).get(child);
    const proofs = [...(proof === undefined ? [] : [proof]), ...writerData.named.values()].filter(({ ownedKey }) => ownedKey.equals(child));
    if (proofs.length === 0) return false;
    const key = await resolveSigningKey(child, { hasher: crypto, blocks: view, context });
    return proofs.some((one) => one.open(crypto, key).equals(parent));
  } catch (error) {
    if (isDamage(error) || (error instanceof PyrgosError && UNPROVEN.has(error.code))) return false;
    throw error;
  }
}

/** What is wrong with a proof that proves nothing. */
const UNPROVEN: ReadonlySet<string> = new Set(['crypto.signature', 'format.proof', 'not-found.key']);
