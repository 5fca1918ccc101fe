import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { goldenFolder, goldenMissing } from '@pyrgos/testkit/golden';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerWorld } from '../../../test/server-world.js';
import { logIn } from '../../session/index.js';
import { CommittedView } from './committed-view.js';
import { openItem } from './open-item.js';
import { type VerifyProgress, verifyTree } from './verify-tree.js';

const folder = goldenFolder();

describe.skipIf(folder === undefined)(`verifying what a real server has stored (${goldenMissing})`, () => {
  let world: ServerWorld;
  let users: readonly { readonly username: string; readonly password: string }[];

  beforeAll(async () => {
    world = await ServerWorld.start({ backup: folder ?? '' });
    ({ users } = JSON.parse(await readFile(join(folder ?? '', 'inputs.json'), 'utf8')) as { users: typeof users });
  }, 60_000);
  afterAll(async () => world.close());

  test.each(['alice', 'bob', 'carol', 'dave'])('finds nothing wrong in the files of %s', async (username) => {
    const password = users.find((user) => user.username === username)?.password ?? '';
    const account = await logIn(world.network(), { username, password, upgradesBoxingKey: false });
    const view = new CommittedView(account.sessions);
    let progress: VerifyProgress | undefined;
    const options = { content: true, onProgress: (now: VerifyProgress): void => void (progress = now) };
    for await (const { path, error } of verifyTree(view, await openItem(view, account.home), options)) {
      expect.soft(error.message, path).toBeUndefined();
    }
    expect(progress?.files).toBeGreaterThan(0);
  });
});
