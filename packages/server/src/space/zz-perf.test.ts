import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { CidCodec, encodeCbor } from '@pyrgos/core/codec';
import { SigningKeyPair } from '@pyrgos/core/keys';
import { Champ, MemoryBlocks, WriterData, PointerUpdate } from '@pyrgos/core/model';
import { test } from 'vitest';
import { Session } from 'node:inspector/promises';
import { writeFileSync } from 'node:fs';
import { SpaceWorld } from '../../test/space-world.js';

test('perf', async () => {
  const world = await SpaceWorld.create();
  const owner = await world.addUser('alice', 2 ** 50);
  const children = Array.from({ length: 32 }, () => SigningKeyPair.generate(world.crypto));
  const root = await world.storeOwned('alice', owner.publicKey.hash, children.map((c) => c.signer));
  await world.commit('alice', owner.publicKey.hash, owner.signer, WriterData.of(owner.publicKey.hash, { owned: root }));
  // tree of 2000 entries
  const mem = new MemoryBlocks(world.crypto);
  const ctx = { owner: owner.publicKey.hash };
  const all: Uint8Array[] = [];
  const sink = { putCbor: (b: Uint8Array) => { all.push(b); return mem.putCbor(b); } };
  let champ = Champ.empty(mem, ctx);
  for (let i = 0; i < 5000; i++) await champ.put(world.crypto.sha256(encodeCbor(i)), undefined, sink.putCbor(encodeCbor(`file ${i}`)));
  const base = champ.flush(sink);
  while (all.length > 0) await world.store('alice', CidCodec.dagCbor, ...all.splice(0, 500));
  const N = 100;
  const versions = [] as { writer: SigningKeyPair; updates: Uint8Array[] }[];
  for (const child of children) {
    const updates: Uint8Array[] = [];
    let current: PointerUpdate | undefined;
    champ = Champ.open(base, mem, ctx);
    for (let n = 0; n < N; n++) {
      all.length = 0;
      await champ.put(world.crypto.sha256(encodeCbor(`${n}`)), undefined, sink.putCbor(encodeCbor(`new ${n}`)));
      const tree = champ.flush(sink);
      const wd = WriterData.of(child.publicKey.hash, { tree });
      const [target] = (await world.store('alice', CidCodec.dagCbor, wd.encode(), ...all)).slice(0, 1);
      const update = PointerUpdate.next(current, target);
      current = update;
      updates.push(update.sign(world.crypto, child.signer));
    }
    versions.push({ writer: child, updates });
  }
  for (const v of versions) await world.pointers.setPointer(owner.publicKey.hash, v.writer.publicKey.hash, v.updates.shift()!);
  const session = new Session(); session.connect(); await session.post('Profiler.enable'); await session.post('Profiler.start');
  for (const conc of [1, 32]) {
    const part = conc === 32 ? versions.slice(0) : versions.splice(0, conc === 1 ? 2 : 4);
    const start = performance.now(); const cpu = process.cpuUsage();
    let count = 0;
    const queue = part.slice();
    await Promise.all(Array.from({ length: conc }, async () => {
      for (let v = queue.shift(); v !== undefined; v = queue.shift())
        for (const signed of v.updates) { if (!(await world.pointers.setPointer(owner.publicKey.hash, v.writer.publicKey.hash, signed))) throw new Error('x'); count++; }
    }));
    const seconds = (performance.now() - start) / 1000;
    const used = process.cpuUsage(cpu); console.log(`cpu ${((used.user + used.system) / 1000 / count).toFixed(2)} ms each; concurrency ${conc}: ${count} in ${seconds.toFixed(2)} s = ${(count / seconds).toFixed(0)}/s`);
  }
  const { profile } = await session.post('Profiler.stop'); writeFileSync('/tmp/prof/a.cpuprofile', JSON.stringify(profile));
  console.log(world.space.usageOf('alice'), world.folder, await mkdtemp(join('/tmp', 'x')));
  await world.close();
}, 600_000);
