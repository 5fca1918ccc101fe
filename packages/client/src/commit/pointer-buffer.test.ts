import { Cid, CidCodec } from '@pyrgos/core/codec';
import type { Signer } from '@pyrgos/core/keys';
import { CommittedWriterData, WriterData } from '@pyrgos/core/model';
import { beforeAll, describe, expect, test } from 'vitest';
import { CommitWorld } from '../../test/commit-world.js';
import { NO_VERSION } from './committer.js';
import { groupUpdates, PointerBuffer, writerOf } from './pointer-buffer.js';

let world: CommitWorld;
let p: Signer;
let w: Signer;
let x: Signer;

beforeAll(async () => {
  world = await CommitWorld.create();
  [p, w, x] = [world.signer(1), world.signer(2), world.signer(3)] as [Signer, Signer, Signer];
});

const hash = (n: number): Cid => Cid.ofSha256(world.crypto.sha256(new Uint8Array([n])), CidCodec.dagCbor);
const at = (n: number, sequence: number): CommittedWriterData => CommittedWriterData.of(hash(n), sequence, undefined);

function record(buffer: PointerBuffer, signer: Signer, base: CommittedWriterData, to: number | undefined): CommittedWriterData {
  const data = to === undefined ? undefined : WriterData.of(signer.publicKeyHash);
  return buffer.record(signer, base, to === undefined ? undefined : hash(to), data);
}

/** `writer base→target#sequence` of every entry. */
function list(buffer: PointerBuffer): string[] {
  const name = (cid: Cid | undefined): string => [...Array(20).keys()].find((n) => hash(n).equals(cid))?.toString() ?? '-';
  const names = new Map([p, w, x].map((signer, i) => [signer.publicKeyHash.key, 'PWX'[i]]));
  return buffer.list.map(
    (update) => `${names.get(writerOf(update).key)} ${name(update.base.hash)}→${name(update.version.hash)}#${update.version.sequence}`,
  );
}

describe('PointerBuffer', () => {
  test('condenses the writes of a writer into one step at its first position', () => {
    const buffer = new PointerBuffer();
    const one = record(buffer, p, at(1, 7), 2);
    expect(one.sequence).toBe(8);
    record(buffer, w, at(3, 1), 4);
    const two = record(buffer, p, one, 5);
    expect(two.sequence).toBe(8);
    expect(list(buffer)).toEqual(['P 1→5#8', 'W 3→4#2']);
    expect(buffer.replaced.map(String)).toEqual([hash(2).toString()]);
    buffer.clear();
    expect([buffer.list, buffer.replaced]).toEqual([[], []]);
  });

  test('knows the last version and the committed one of each writer', () => {
    const buffer = new PointerBuffer();
    const two = record(buffer, p, record(buffer, p, at(1, 7), 2), 5);
    expect(buffer.versionOf(p.publicKeyHash)).toBe(two);
    expect(buffer.committedVersionOf(p.publicKeyHash)).toEqual(at(1, 7));
    expect(buffer.versionOf(x.publicKeyHash)).toBe(undefined);
  });

  test('starts sequences at 1 and goes on after a deletion', () => {
    const buffer = new PointerBuffer();
    expect(record(buffer, p, NO_VERSION, 1).sequence).toBe(1);
    expect(record(buffer, w, CommittedWriterData.of(undefined, 9, undefined), 1).sequence).toBe(10);
    expect(record(buffer, x, CommittedWriterData.of(hash(1), undefined, undefined), 2).sequence).toBe(1);
  });

  test('drops an entry that leads back to where it started', () => {
    const buffer = new PointerBuffer();
    const changed = record(buffer, p, at(1, 7), 2);
    expect(record(buffer, p, changed, 1)).toEqual(at(1, 7));
    expect(buffer.list).toEqual([]);
    const created = record(buffer, w, NO_VERSION, 2);
    expect(record(buffer, w, created, undefined).equals(NO_VERSION)).toBe(true);
    expect(buffer.list).toEqual([]);
  });

  test('records nothing for a commit without change', () => {
    const buffer = new PointerBuffer();
    expect(record(buffer, p, at(1, 7), 1)).toEqual(at(1, 7));
    const changed = record(buffer, p, at(1, 7), 2);
    expect(record(buffer, p, changed, 2)).toBe(changed);
    expect(list(buffer)).toEqual(['P 1→2#8']);
  });

  test('keeps deletions, condensed with what came before', () => {
    const buffer = new PointerBuffer();
    const changed = record(buffer, p, at(1, 7), 2);
    record(buffer, p, changed, undefined);
    expect(list(buffer)).toEqual(['P 1→-#8']);
  });

  test('refuses a commit that would undo an earlier one', () => {
    const buffer = new PointerBuffer();
    record(buffer, p, at(1, 7), 2);
    expect(() => record(buffer, p, at(1, 7), 3)).toThrow('not based on the last version');
    expect(list(buffer)).toEqual(['P 1→2#8']);
    expect(() => buffer.record(p, at(2, 8), hash(3), undefined)).toThrow('writerData');
  });

  test('does not fold a change behind the creation of a writer into an entry before it', () => {
    const buffer = new PointerBuffer();
    let parent = record(buffer, p, at(1, 7), 2);
    const child = record(buffer, w, NO_VERSION, 4);
    record(buffer, w, child, 5);
    parent = record(buffer, p, parent, 3);
    record(buffer, p, parent, 6);
    expect(list(buffer)).toEqual(['P 1→2#8', 'W -→5#1', 'P 2→6#9']);
    expect(groupUpdates(buffer.list).map((group) => group.length)).toEqual([1, 1, 1]);
    expect(buffer.committedVersionOf(p.publicKeyHash)).toEqual(at(1, 7));
  });

  test('groups: a creation alone, everything between creations together, a writer once per group', () => {
    const buffer = new PointerBuffer();
    const p1 = record(buffer, p, at(1, 7), 2);
    record(buffer, x, at(8, 1), undefined);
    const created = record(buffer, w, NO_VERSION, 4);
    record(buffer, p, p1, 5);
    const lengths = (): number[] => groupUpdates(buffer.list).map((group) => group.length);
    expect(lengths()).toEqual([2, 1, 1]);
    // The creation is taken back: two steps of one writer cannot be in one commit.
    record(buffer, w, created, undefined);
    expect(list(buffer)).toEqual(['P 1→2#8', 'X 8→-#2', 'P 2→5#9']);
    expect(lengths()).toEqual([2, 1]);
    buffer.clear();
    expect(lengths()).toEqual([]);
  });
});
