import { NotFoundError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { CommittedWriterData, WriterData } from '@pyrgos/core/model';
import { beforeEach, describe, expect, test } from 'vitest';
import { CommitWorld, outcome } from '../../test/commit-world.js';
import { WriteSynchroniser } from './synchroniser.js';

let world: CommitWorld;
let a: PublicKeyHash;
let b: PublicKeyHash;
let versions: Map<string, CommittedWriterData>;
let invalidated: string[];
let synchroniser: WriteSynchroniser;
let log: string[];

beforeEach(async () => {
  world = await CommitWorld.create();
  [a, b] = [world.signer(1).publicKeyHash, world.signer(2).publicKeyHash];
  versions = new Map();
  for (const writer of [a, b]) {
    const data = WriterData.of(writer);
    versions.set(writer.key, CommittedWriterData.of(data.cid(world.crypto), 1, data));
  }
  [invalidated, log] = [[], []];
  synchroniser = new WriteSynchroniser({
    readVersion: (writer) => Promise.resolve(versions.get(writer.key)),
    invalidate: (writer) => void invalidated.push(writer.key),
  });
});

/** An operation that logs its start, waits until it is told to go on, and logs its end. */
function operation(name: string, writers: readonly PublicKeyHash[], signal?: AbortSignal): { go: () => void; done: Promise<unknown> } {
  let go = (): void => undefined;
  const gate = new Promise<void>((resolve) => (go = resolve));
  const body = async (): Promise<void> => {
    log.push(`${name}+`);
    await gate;
    log.push(`${name}-`);
  };
  return { go, done: synchroniser.run(writers, body, signal) };
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

describe('WriteSynchroniser', () => {
  test('runs operations of one writer one after the other, in order, and others beside them', async () => {
    const [one, two, other] = [operation('1', [a]), operation('2', [a]), operation('3', [b])];
    await settle();
    expect(log).toEqual(['1+', '3+']);
    expect(synchroniser.isBusy(a)).toBe(true);
    two.go();
    one.go();
    other.go();
    await Promise.all([one.done, two.done, other.done]);
    await settle();
    expect(log.indexOf('1-')).toBeLessThan(log.indexOf('2+'));
    expect([synchroniser.isBusy(a), synchroniser.isBusy(b)]).toEqual([false, false]);
  });

  test('operations on several writers wait for all and never for each other', async () => {
    const list = [operation('ab', [a, b]), operation('ba', [b, a]), operation('b', [b, b]), operation('a', [a])];
    for (const { go } of list) go();
    await Promise.all(list.map(({ done }) => done));
    expect(log).toEqual(['ab+', 'ab-', 'ba+', 'ba-', ...log.slice(4)]);
    expect(log.length).toBe(8);
  });

  test('gives the current versions; a deleted writer is there without hash, an unknown one not at all', async () => {
    versions.set(b.key, CommittedWriterData.of(undefined, 5, undefined));
    await synchroniser.run([a, b, world.signer(3).publicKeyHash], async (snapshot) => {
      expect(snapshot.size).toBe(2);
      expect(snapshot.get(a)?.sequence).toBe(1);
      expect(snapshot.get(b)?.hash).toBe(undefined);
      expect(snapshot.get(b)?.sequence).toBe(5);
    });
    expect((await synchroniser.getValue(b)).size).toBe(0);
    expect((await synchroniser.getValue(world.signer(3).publicKeyHash)).size).toBe(0);
  });

  test('goes on after a failed operation, and has its writers read again', async () => {
    expect(await outcome(synchroniser.run([a], () => Promise.reject(new NotFoundError('not-found.block', 'x'))))).toBe('not-found.block');
    expect(invalidated).toEqual([a.key]);
    expect(await synchroniser.run([a], () => Promise.resolve('fine'))).toBe('fine');
  });

  test('getValue waits for writes, readOnlyValue does not', async () => {
    const write = operation('1', [a]);
    let isRead = false;
    const value = synchroniser.getValue(a).then((snapshot) => {
      isRead = true;
      return snapshot;
    });
    const seen = await synchroniser.readOnlyValue(a);
    expect(seen.isReadOnly).toBe(true);
    expect(seen.has(a)).toBe(true);
    expect(isRead).toBe(false);
    write.go();
    expect((await value).isReadOnly).toBe(false);
    await settle();
    expect((await synchroniser.readOnlyValue(a)).isReadOnly).toBe(false);
  });

  test('readOnlyValue waits for a writer that is being created', async () => {
    const writer = world.signer(3).publicKeyHash;
    const creation = operation('1', [writer]);
    let seen: boolean | undefined;
    const value = synchroniser.readOnlyValue(writer).then((snapshot) => {
      seen = snapshot.has(writer);
      return snapshot;
    });
    await settle();
    expect(seen).toBe(undefined);
    const data = WriterData.of(writer);
    versions.set(writer.key, CommittedWriterData.of(data.cid(world.crypto), 1, data));
    creation.go();
    expect((await value).isReadOnly).toBe(true);
    expect(seen).toBe(true);
  });

  test('a seed stands in for a version that the server does not have', async () => {
    const writer = world.signer(3).publicKeyHash;
    synchroniser.seed(writer, CommittedWriterData.of(undefined, undefined, WriterData.of(writer)));
    await synchroniser.run([writer], async (snapshot) => expect(snapshot.get(writer)?.writerData?.controller).toEqual(writer));
    expect((await synchroniser.getValue(writer)).has(writer)).toBe(true);
    expect(() => synchroniser.seed(writer, undefined as unknown as CommittedWriterData)).toThrow('version');
  });

  test('cancelling a waiting operation gives up its place, not that of others', async () => {
    const controller = new AbortController();
    const [one, two, three] = [operation('1', [a]), operation('2', [a], controller.signal), operation('3', [a])];
    await settle();
    controller.abort();
    expect(await outcome(two.done)).toBe('aborted');
    await settle();
    expect(log).toEqual(['1+']);
    one.go();
    three.go();
    await three.done;
    expect(log).toEqual(['1+', '1-', '3+', '3-']);
    expect(await outcome(operation('4', [a], controller.signal).done)).toBe('aborted');
    expect(await outcome(synchroniser.run(['x' as unknown as PublicKeyHash], () => Promise.resolve()))).toBe('argument');
  });
});
