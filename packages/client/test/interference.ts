import type { Signer } from '@pyrgos/core/keys';
import { type Snapshot, WriterData } from '@pyrgos/core/model';
import type { TreeEdit } from '../src/commit/tree-edit.js';
import type { OperationOptions, WriteSession } from '../src/commit/write-session.js';
import { block, type CommitWorld, mapKey } from './commit-world.js';

/** The log as `name(writers)`, reads left out. */
export function writes(world: CommitWorld): string[] {
  const names = new Map([
    [world.owner.key, 'P'],
    ...[100, 101, 102].map((n, i): [string, string] => [world.signer(n).publicKeyHash.key, 'ABC'[i]!]),
  ]);
  return world.log
    .filter(({ name }) => !name.startsWith('get') && name !== 'lookUpChamp' && name !== 'commitPointers')
    .map(({ name, writers }) => name + (writers === undefined ? '' : `(${writers.map(({ key }) => names.get(key)).join('')})`));
}

/** Another device changes one key. */
export async function interfere(world: CommitWorld, writer = world.signer(100), key = 50): Promise<void> {
  const { hooks } = world.server;
  const saved = { ...hooks };
  Object.assign(hooks, { before: undefined, after: undefined });
  await world
    .session()
    .editTree(writer, async (tree) => void (await tree.putBlock(mapKey(key), await tree.get(mapKey(key)), block('theirs'))));
  Object.assign(hooks, saved);
}

/** Calls `action` once, when the first request called `name` arrives. */
export function once(world: CommitWorld, name: string, action: () => void | Promise<void>): void {
  const { before } = world.server.hooks;
  let isDone = false;
  world.server.hooks.before = async (operation) => {
    await before?.(operation);
    if (operation.name !== name || isDone) return;
    isDone = true;
    await action();
  };
}

/** Puts one block of ours. */
export async function put(tree: TreeEdit | undefined, key = 1): Promise<void> {
  await tree!.putBlock(mapKey(key), await tree!.get(mapKey(key)), block('ours'));
}

/** Changes one key of the first child. */
export async function edit(session: WriteSession, world: CommitWorld, key = 1, options?: OperationOptions): Promise<Snapshot> {
  return session.editTree(world.signer(100), (tree) => put(tree, key), options);
}

/** A version without anything. */
export function emptyData(signer: Signer): WriterData {
  return WriterData.of(signer.publicKeyHash);
}
