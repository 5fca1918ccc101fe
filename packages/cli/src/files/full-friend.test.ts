import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ExitCode } from '../exit-code.js';
import { TwoPeople } from '../../test/two-people.js';

let people: TwoPeople;
beforeAll(async () => {
  people = await TwoPeople.start();
  await people.befriend();
  const { bob, world } = people;
  await bob.files.makeDirectory('/bob/in');
  await bob.files.write('/bob/in/a.txt', 'a');
  await bob.shares.share('/bob/in', [{ user: 'ada' }], { access: 'write' });
  await bob.files.write('/bob/big', new Uint8Array(3_000_000));
  await people.ada.files.write('/ada/x.txt', 'x');
  writeFileSync(join(world.folder, 'y.txt'), 'y');
  // More than that is in use, and more than what deletions may take beside it.
  const quota = await world.run(['admin', 'user', 'quota', 'bob', '100000', '--yes', '--data', world.daemon.dataDirectory]);
  expect(quota).toMatchObject({ status: 0 });
});
afterAll(async () => people?.stop());

test.each([
  [['mkdir', '/bob/in/d']],
  [['mkdir', '-p', '/bob/in/e/f']],
  [['cp', 'x.txt', '/bob/in']],
  [['mv', '/bob/in/a.txt', '/bob/in/b.txt']],
  [['put', 'y.txt', '/bob/in']],
])('whose account is full is told, and who can make room: %j', async (args) => {
  const { status, stderr } = await people.asAda(args);
  expect([status, stderr]).toEqual([
    ExitCode.full,
    expect.stringMatching(/^pyrgos: (?:.*: )?the account of 'bob', which this would be stored in, is full.* ask them to make room/u),
  ]);
});
