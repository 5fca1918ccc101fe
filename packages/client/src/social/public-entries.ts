import { ArgumentError, LimitError } from '@pyrgos/core/errors';
import { MAX_PATH_LENGTH } from '@pyrgos/core/limits';
import { type AbsoluteCapability, InodeFileSystem } from '@pyrgos/core/model';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import type { View } from '../files/view/index.js';
import { writerDataIn } from './owned-writer-check.js';

/** Something that a user has published. */
export interface PublishedItem {
  /** The names of its path, the user's first. */
  readonly names: readonly string[];
  readonly capability: AbsoluteCapability;
}

/** What a user has published, in the version that a view shows; undefined for nothing. `identity` comes from the verified chain of the user. */
export async function publishedBy(view: View, identity: PublicKeyHash): Promise<InodeFileSystem | undefined> {
  const root = (await writerDataIn(view, identity, identity))?.public;
  if (root === undefined) return undefined;
  const { crypto, signal } = view;
  const sink = {
    putCbor: (): never => {
      throw new ArgumentError('sink', 'reading writes nothing');
    },
  };
  const context = signal === undefined ? { owner: identity } : { owner: identity, signal };
  return InodeFileSystem.open({ hasher: crypto, source: view, sink, context }, root);
}

/** Whether a path can be published: on the way to what is published `\\` separates names, as `/` does (chapter 03 section 8.2). */
export function isPublishable(names: readonly string[]): boolean {
  return names.length > 1 && !names.some((name) => name.includes('\\'));
}

/** Whether what is at a path, or a directory above it, is published, so that everybody can read it. */
export async function isPublic(files: InodeFileSystem, names: readonly string[]): Promise<boolean> {
  const end = names.findIndex((name) => name.includes('\\'));
  const path = (end < 0 ? names : names.slice(0, end)).join('/');
  return (await files.getByPath(path)) !== undefined;
}

/** Everything that is published at a path and below it. A directory to which several paths lead, by damage or malice, is entered once. */
export async function* publishedAt(files: InodeFileSystem, names: readonly string[]): AsyncGenerator<PublishedItem, void, undefined> {
  const name = names.at(-1);
  if (names.some((one) => one.includes('\\'))) return;
  if (name !== undefined) {
    for await (const { inode, capability } of files.listDirectory(names.slice(0, -1).join('/'))) {
      if (inode.name === name && capability !== undefined) yield { names, capability };
    }
  }
  const entered = new Set<string>();
  const open = [names];
  for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
    const path = directory.join('/');
    if (path.length > MAX_PATH_LENGTH) throw new LimitError('path length', path.length, MAX_PATH_LENGTH);
    for await (const { inode, capability } of files.listDirectory(path)) {
      const below = [...directory, inode.name];
      if (capability !== undefined) yield { names: below, capability };
      const key = `${inode.number}/${inode.name}`;
      if (entered.has(key)) continue;
      entered.add(key);
      open.push(below);
    }
  }
}
