import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { Cid, CidCodec, encodeCbor } from '@pyrgos/core/codec';
import { PointerUpdate, WriterData } from '@pyrgos/core/model';
import type { NewAccount, WireWriter } from '@pyrgos/testkit/server';
import type { LoadRequest } from './load-client.js';
import { measure, operationsPerSecond, type Measurement } from './measure.js';
import type { ServerWorld } from './server-world.js';

const WRITERS = 64;
/** Milliseconds after which no more samples of one load are taken. */
const BUDGET = 1500;
const LOG_RECORD = new Uint8Array(4096).fill(1);

/** A writer and two versions between which it goes back and forth. */
export interface Swing {
  readonly account: NewAccount;
  readonly writer: WireWriter;
  readonly targets: readonly [Cid, Cid];
}

/** Uploads two versions of the home writer of a user: a few blocks each, and they share some. */
export async function prepareSwing({ client, crypto }: ServerWorld, account: NewAccount): Promise<Swing> {
  const writer = client.homeWriter(account);
  const transaction = await client.startTransaction(account);
  const leaves = Array.from({ length: 8 }, () => encodeCbor(crypto.randomBytes(200)));
  const children = await client.put(account, writer.signer, leaves, false, transaction);
  const blocks: Uint8Array[] = [];
  const version = (links: readonly Cid[]): Cid => {
    const tree = encodeCbor(links);
    const writerData = WriterData.of(writer.signer.publicKeyHash, { tree: Cid.ofSha256(crypto.sha256(tree), CidCodec.dagCbor) });
    blocks.push(tree, writerData.encode());
    return writerData.cid(crypto);
  };
  const targets = [version(children.slice(0, 6)), version(children.slice(2))] as const;
  await client.put(account, writer.signer, blocks, false, transaction);
  return { account, writer, targets };
}

/** The next updates of a writer, to be sent in order. */
export function nextUpdates(world: ServerWorld, { account, writer, targets }: Swing, count: number): readonly LoadRequest[] {
  const [even, odd] = targets;
  return Array.from({ length: count }, () => {
    writer.pointer = PointerUpdate.next(writer.pointer, writer.pointer?.updated?.equals(even) === true ? odd : even);
    return world.request(world.client.setPointerCall(account, writer.signer, writer.pointer));
  });
}

/** Durable pointer updates by different users; beside them what one sync after another of a log file takes. */
export async function benchServerPointers(world: ServerWorld): Promise<Measurement[]> {
  const swings: Swing[] = [];
  for (const account of await world.users(WRITERS)) swings.push(await prepareSwing(world, account));
  const log = await open(join(world.folder, 'log'), 'a');
  try {
    return await benchUpdates(world, swings, log);
  } finally {
    await log.close();
  }
}

async function benchUpdates(world: ServerWorld, swings: readonly Swing[], log: FileHandle): Promise<Measurement[]> {
  const out: Measurement[] = [];
  const load = await world.connect(WRITERS);
  for (const [writers, each] of [
    [1, 64],
    [16, 16],
    [64, 6],
  ] as const) {
    let lines: readonly (readonly LoadRequest[])[] = [];
    const syncs = {
      name: 'append+fdatasync, 1 at a time',
      run: async () => {
        for (let i = 0; i < writers * each; i++) {
          await log.write(LOG_RECORD);
          await log.datasync();
        }
      },
    };
    const updates = {
      name: `${writers} in flight`,
      prepare: () => {
        lines = swings.slice(0, writers).map((swing) => nextUpdates(world, swing, each));
      },
      run: async () => load.runLines(lines),
    };
    const subjects = writers === 1 ? [syncs, { ...updates, comparedWith: syncs.name }] : [{ ...updates, target: 500 }];
    out.push(
      ...(await measure('setPointer', 'updates/s', operationsPerSecond(writers * each), subjects, {
        samples: 9,
        warmUps: 1,
        budget: BUDGET,
      })),
    );
  }
  load.close();
  // A refusal is an answer with status 200, too.
  for (const { account, writer } of swings) {
    const stored = await world.client.getPointer(account, writer.signer);
    if (stored?.sequence !== writer.pointer?.sequence) throw new Error('the server has not accepted all updates');
  }
  return out;
}
