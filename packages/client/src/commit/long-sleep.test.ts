import { DeniedError } from '@pyrgos/core/errors';
import { beforeEach, expect, test } from 'vitest';
import { CommitWorld, hex, mapKey, networkError, outcome } from '../../test/commit-world.js';
import { edit, once, writes } from '../../test/interference.js';

// A machine that sleeps in the middle of a commit: the server has collected as garbage what was uploaded, and nothing linked to it yet.

const days = 3 * 86_400_000;

let world: CommitWorld;

beforeEach(async () => {
  world = await CommitWorld.create();
  await world.populate(1);
});

async function sleep(milliseconds = days): Promise<void> {
  world.clock.time += milliseconds;
  await world.server.collectGarbage(world.owner);
}

/** That our change is there, once, and everything that the pointer leads to. */
async function isWhole(): Promise<void> {
  world.server.hooks.before = undefined;
  const writer = world.signer(100).publicKeyHash;
  expect((await world.tree(writer)).has(hex(mapKey(1)))).toBe(true);
  await world.server.collectGarbage(world.owner);
  await edit(world.session(), world, 2);
  expect((await world.tree(writer)).has(hex(mapKey(1)))).toBe(true);
}

test('after the upload: the blocks are uploaded again under another transaction', async () => {
  once(world, 'setPointers', async () => sleep());
  await edit(world.session(), world);
  expect(writes(world)).toEqual([
    'putBlocks(A)',
    'setPointers(A)',
    'closeTransaction',
    'putBlocks(A)',
    'setPointers(A)',
    'closeTransaction',
  ]);
  await isWhole();
});

test('during the upload: it is made again before the pointer is sent', async () => {
  const { hooks } = world.server;
  let isDone = false;
  hooks.after = async ({ name }) => {
    if (name !== 'putBlocks' || isDone) return;
    isDone = true;
    await sleep();
  };
  await edit(world.session(), world);
  expect(writes(world).filter((name) => name !== 'closeTransaction')).toEqual(['putBlocks(A)', 'putBlocks(A)', 'setPointers(A)']);
  hooks.after = undefined;
  await isWhole();
});

test('a clock that was set back is no reason to trust that the blocks are there', async () => {
  const { hooks } = world.server;
  let isDone = false;
  hooks.after = async ({ name }) => {
    if (name !== 'putBlocks' || isDone) return;
    isDone = true;
    await sleep();
    world.clock.time -= 4 * 86_400_000;
  };
  await edit(world.session(), world);
  hooks.after = undefined;
  await isWhole();
});

test('a shorter sleep costs nothing', async () => {
  once(world, 'setPointers', async () => sleep(3 * 3_600_000));
  await edit(world.session(), world);
  expect(writes(world)).toEqual(['putBlocks(A)', 'setPointers(A)', 'closeTransaction']);
  await isWhole();
});

test('an update that has got no answer before the sleep is not repeated after it', async () => {
  let calls = 0;
  world.server.hooks.before = async ({ name }) => {
    if (name !== 'setPointers') return;
    calls++;
    await sleep();
    throw networkError();
  };
  expect(await outcome(edit(world.session(), world))).toBe('network');
  expect(calls).toBe(1);
  world.server.hooks.before = undefined;
  expect((await world.tree(world.signer(100).publicKeyHash)).has(hex(mapKey(1)))).toBe(false);
});

test('a virtual machine that was paused learns from the answers how long', async () => {
  const { hooks } = world.server;
  const time = { missed: 0 };
  let isDone = false;
  hooks.after = async ({ name }) => {
    if (name !== 'putBlocks' || isDone) return;
    isDone = true;
    await sleep();
    world.clock.time -= days;
    time.missed += days;
  };
  await edit(world.session({ time }), world);
  expect(writes(world).filter((name) => name !== 'closeTransaction')).toEqual(['putBlocks(A)', 'putBlocks(A)', 'setPointers(A)']);
  hooks.after = undefined;
  await isWhole();
});

test('a server that claims for ever that the machine has slept is not sent the blocks for ever', async () => {
  const time = { missed: 0 };
  world.server.hooks.after = async ({ name }) => {
    await Promise.resolve();
    if (name === 'putBlocks') time.missed += days;
  };
  expect(await outcome(edit(world.session({ time }), world))).toBe('conflict.snapshot');
  expect(writes(world).filter((name) => name === 'putBlocks(A)').length).toBeLessThan(20);
  expect(writes(world)).not.toContain('setPointers(A)');
});

test('nor is one that refuses the pointer each time', async () => {
  const time = { missed: 0 };
  world.server.hooks.before = async ({ name }) => {
    await Promise.resolve();
    if (name !== 'setPointers') return;
    time.missed += days;
    throw new DeniedError('denied.pointer', 'no');
  };
  let calls = 0;
  world.server.hooks.after = async ({ name }) => {
    await Promise.resolve();
    if (name === 'putBlocks') calls++;
  };
  expect(await outcome(edit(world.session({ time }), world))).toBe('conflict.snapshot');
  expect(calls).toBeLessThan(20);
});
