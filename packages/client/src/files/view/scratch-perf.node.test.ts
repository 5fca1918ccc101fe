import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { test } from 'vitest';
import { content, FileWorld } from '../../../test/file-world.js';
import { FileReader } from './file-reader.js';
import { findChild } from './find-path.js';
import { listChildren, listEntries } from './list-children.js';

function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

test('perf', async () => {
  const world = await FileWorld.create();
  const data = content(60 * 1_048_576);
  const file = await world.addFile(world.home, 'big', data);
  void file;
  await world.addFiles(
    world.home,
    Array.from({ length: 5000 }, (_, i) => ({ name: `f${i}`, content: content(20, i) })),
  );
  for (let round = 0; round < 3; round++) {
    const view = world.view(world.newSessions());
    const home = await world.openHome(view);
    let c = cpu();
    let n = 0;
    for await (const _ of listEntries(view, home)) n++;
    console.log('names', n, (cpu() - c).toFixed(0), 'ms cpu');
    const session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    c = cpu();
    n = 0;
    for await (const _ of listChildren(view, home)) n++;
    writeFileSync('/tmp/read-list.cpuprofile', JSON.stringify((await session.post('Profiler.stop')).profile));
    console.log('children', n, (cpu() - c).toFixed(0), 'ms cpu');
    c = cpu();
    n = 0;
    for await (const _ of listChildren(view, home)) n++;
    console.log('children cached', n, (cpu() - c).toFixed(0), 'ms cpu');
    const item = await findChild(view, home, 'big');
    await session.post('Profiler.start');
    c = cpu();
    n = 0;
    for await (const piece of new FileReader(view, item!)) n += piece.length;
    const used = cpu() - c;
    writeFileSync('/tmp/read-stream.cpuprofile', JSON.stringify((await session.post('Profiler.stop')).profile));
    console.log(
      'stream',
      n / 1_048_576,
      used.toFixed(0),
      'ms cpu',
      ((n / 1_048_576 / used) * 1000).toFixed(0),
      'MiB per cpu second',
      (process.memoryUsage().rss / 1e6).toFixed(0),
    );
  }
}, 600_000);
