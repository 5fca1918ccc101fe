import { ConflictError, DeniedError, FormatError, LimitError, NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import { type PublicKeyHash, resolveSigningKey, SymmetricKey } from '@pyrgos/core/keys';
import { AbsoluteCapability, type ChildEntry, openNode, OwnedKeys } from '@pyrgos/core/model';
import { callersCodeNow } from '../../waiting/code-of-callers.js';
import {
  type DanglingEntry,
  directoryChunks,
  isDamage,
  isSamePlace,
  Item,
  loadNode,
  namesParent,
  openEntries,
  type OperationView,
} from '../view/index.js';
import { placeOf } from './listed-children.js';
import { placeKey } from './place.js';

/** Told what does not come along when something gets new keys: the names from the root of the tree down to it, and what is wrong with it. */
export type LeftOutListener = (names: readonly string[], error: PyrgosError) => void;

/** What is done with elements of a list that cannot come along. */
export interface LeavingOut {
  /** Leave out, too, what is damaged and may come back. Default false: it is an error. */
  readonly leaveOutDamaged?: boolean | undefined;
  readonly onLeftOut?: LeftOutListener | undefined;
}

/** What the server answers with, and not what somebody has written: another server, or the same one later, may have what is right. */
const OF_THE_SERVER: ReadonlySet<string> = new Set(['format.block', 'format.car', 'format.framing', 'format.pointer']);

/** Whether what cannot be read now can never be: everybody sees the same wrong bytes, or there is nothing. */
function isForEver({ code }: PyrgosError): boolean {
  if (code === 'not-found.file' || code === 'crypto.authentication' || code === 'limit') return true;
  return code.startsWith('format.') && !OF_THE_SERVER.has(code);
}

/**
 * Decides what of the lists of a tree comes along when the tree gets new keys (chapter 04 section 22.3). Whoever may write in a directory can list anything there, and must not be
 * able to prevent with that that he is locked out: what belongs elsewhere, and what nobody can ever open, is left out.
 */
export class RotatedEntries {
  /** Everything that has come along, so that nothing does twice. */
  private readonly places = new Set<string>();

  constructor(
    private readonly operation: OperationView,
    private readonly options: LeavingOut,
  ) {}

  /** Notes an item that comes along without being asked for: that with which the tree begins. */
  add(item: Item): void {
    for (const { capability } of [...item.links, item]) this.places.add(placeKey(capability));
  }

  /**
   * Leaves something out, and tells that. What is damaged and may come back is thrown instead, unless that was allowed, and every error that says nothing about
   * data. `names`: where it is.
   */
  leaveOut(error: unknown, names: readonly string[]): void {
    if (!isDamage(error) && !(error instanceof LimitError)) throw error;
    if (!isForEver(error) && this.options.leaveOutDamaged !== true) throw cannotComeAlong(error, names);
    this.tell(names, error);
  }

  /** The children of a part of a directory's list that come along, and those that do not; of the latter all is told. Errors of {@link RotatedEntries.leaveOut}. */
  async open(
    directory: Item,
    entries: readonly ChildEntry[],
    names: readonly string[],
  ): Promise<{ readonly children: readonly Item[]; readonly dangling: readonly DanglingEntry[] }> {
    const near: ChildEntry[] = [];
    for (const entry of entries) {
      // Without asking for it: of a stranger's space the server knows nothing here.
      if (entry.link === undefined || (await this.isInside(directory.writer, placeOf(directory.capability, entry).writer)))
        near.push(entry);
      else this.tell(below(names, entry.name), elsewhere());
    }
    const children: Item[] = [];
    const dangling: DanglingEntry[] = [];
    for (const found of await openEntries(this.operation, directory, near)) {
      if (found.isDangling) {
        const at = below(names, found.name ?? found.claimedName);
        if (await this.leadsAway(found, directory)) this.tell(at, elsewhere());
        else this.leaveOut(found.error, at);
        dangling.push(found);
        continue;
      }
      const child = this.changeable(found, directory);
      const problem = await this.problemOf(child, directory);
      if (problem === undefined) {
        this.add(child);
        children.push(child);
      } else {
        this.tell(below(names, child.name), problem);
      }
    }
    return { children, dangling };
  }

  private tell(names: readonly string[], error: PyrgosError): void {
    const { onLeftOut } = this.options;
    if (onLeftOut !== undefined) callersCodeNow(() => onLeftOut(names, error));
  }

  /** What keeps an item that can be opened from coming along. */
  private async problemOf(item: Item, directory: Item): Promise<PyrgosError | undefined> {
    const chain = [directory, ...item.links, item];
    for (let i = 1; i < chain.length; i++) {
      const [parent, node] = [chain[i - 1] as Item, chain[i] as Item];
      if (!namesParent(node, parent) || isSamePlace(node.capability, directory.capability)) return elsewhere();
      if (!(await this.isInside(parent.writer, node.writer))) return elsewhere();
      if (this.places.has(placeKey(node.capability))) return new FormatError('format.cryptree', 'directory', 'lists something twice');
    }
    if (!item.isReadable || [...item.links, item].some((node) => !node.isWritable)) {
      return new DeniedError('denied.file', 'The list of its directory does not have the keys to change it.');
    }
    if (!item.isDirectory && item.opened.dataKey === undefined) return new FormatError('format.cryptree', 'file', 'has no data key');
    return undefined;
  }

  /** An item with the right to change it, where only the list lacks the key: in the writing space of its directory the right is the directory's. */
  private changeable(item: Item, directory: Item): Item {
    const { capability, cid, node, opened, properties, links, signer, entry } = item;
    if (item.isWritable || links.length > 0 || !capability.writer.equals(directory.writer)) return item;
    const { owner, writer, mapKey, bat, rBaseKey } = capability;
    // With a key that opens nothing, what is in it lacks the right as well, and gets it in the same way.
    const wBaseKey = capability.wBaseKey ?? SymmetricKey.generate(this.operation.crypto);
    return new Item({
      cid,
      node,
      opened,
      properties,
      links,
      entry,
      capability: AbsoluteCapability.of({ owner, writer, mapKey, bat, rBaseKey, wBaseKey }),
      signer: signer ?? directory.signer,
    });
  }

  /**
   * Whether a writing space may be inside of another one, the parent's: it is the same, is reserved, or the parent owns it. ConflictError `conflict.snapshot` for one that
   * has appeared just now.
   */
  private async isInside(parent: PublicKeyHash, writer: PublicKeyHash): Promise<boolean> {
    if (writer.equals(parent) || this.operation.snapshot.has(writer)) return true;
    if (!(await this.owns(parent, writer))) return false;
    await this.operation.include(writer);
    if (!this.operation.snapshot.has(writer)) return true;
    throw new ConflictError('conflict.snapshot', 'A writing space has appeared in what gets new keys: repeat the call.', {
      writer: writer.toString(),
    });
  }

  private async owns(parent: PublicKeyHash, writer: PublicKeyHash): Promise<boolean> {
    const { committer, crypto, snapshot } = this.operation;
    const data = snapshot.get(parent)?.writerData;
    if (data === undefined) return false;
    const { blocks, context } = committer;
    try {
      const listed = await OwnedKeys.open(data.owned, blocks, context).get(writer);
      if (listed === undefined) return false;
      const key = await resolveSigningKey(writer, { hasher: crypto, blocks, context });
      return listed.open(crypto, key).equals(parent);
    } catch (error) {
      // Whoever may write there can destroy the list. What was reserved is what was found without it.
      if (!isDamage(error)) throw error;
      return false;
    }
  }

  /** Whether what cannot be opened is a link node that leads to the space of somebody else. */
  private async leadsAway({ capability }: DanglingEntry, directory: Item): Promise<boolean> {
    if (capability?.writer.equals(directory.writer) !== true) return false;
    try {
      const found = await loadNode(this.operation, capability.owner, capability.writer, capability.location);
      if (found?.node === undefined) return false;
      const opened = openNode(this.operation.crypto, found.node, capability);
      if (!opened.properties.isLink) return false;
      const link = new Item({ capability, cid: found.cid, node: found.node, opened, properties: opened.properties });
      for await (const { entries } of directoryChunks(this.operation, link)) {
        const [entry] = entries;
        return entry?.link !== undefined && !(await this.isInside(capability.writer, placeOf(capability, entry).writer));
      }
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
    return false;
  }
}

function below(names: readonly string[], name: string | undefined): readonly string[] {
  return name === undefined ? names : [...names, name];
}

function elsewhere(): PyrgosError {
  return new NotFoundError('not-found.file', 'What is listed here does not belong to this directory.');
}

/** An error of something damaged, which says where it is and what helps. */
export function cannotComeAlong(error: PyrgosError, names: readonly string[]): PyrgosError {
  const { code, data, message, retry } = error;
  const advice =
    'It cannot get new keys, so nothing has got any. Restore or delete it and repeat the call, or repeat it with leaveOutDamaged: then it is left out.';
  return new PyrgosError(code, `${message} ${advice}`, {
    data: { ...data, path: `/${names.join('/')}`, canLeaveOut: true },
    retry,
    cause: error,
  });
}
