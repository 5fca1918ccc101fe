import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromHex } from '@pyrgos/core/bytes';
import { goldenFolder, goldenMissing } from '@pyrgos/testkit/golden';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerWorld } from '../../test/server-world.js';
import { answerWithCode, logIn, totpCode } from '../session/index.js';
import { UserSession } from '../user-session.js';

const folder = goldenFolder();

/** How a user stood to others, as the reference client has seen it. */
interface ExpectedSocial {
  readonly followers: readonly string[];
  readonly following: readonly string[];
  readonly friends: readonly string[];
  readonly pendingIncoming: readonly string[];
  readonly pendingOutgoing: readonly string[];
  readonly blocked: readonly string[];
  readonly groupUidByName: Readonly<Record<string, string>>;
}

interface User {
  readonly username: string;
  readonly password: string;
  readonly totp?: { readonly secretHex: string };
}

const read = async <T>(name: string): Promise<T> => JSON.parse(await readFile(join(folder ?? '', name), 'utf8')) as T;

describe.skipIf(folder === undefined)(`all users of a real server (${goldenMissing})`, () => {
  let world: ServerWorld;
  let expected: Readonly<Record<string, { readonly social: ExpectedSocial }>>;
  let users: readonly User[];

  beforeAll(async () => {
    world = await ServerWorld.start({ backup: folder ?? '' });
    ({ users: expected } = await read<{ users: typeof expected }>('expect.json'));
    ({ users } = await read<{ users: readonly User[] }>('inputs.json'));
  });
  afterAll(async () => world.close());

  test('have the friends that they had', async () => {
    for (const { username, password, totp } of users) {
      const account = await logIn(world.network(), {
        username,
        password,
        upgradesBoxingKey: false,
        ...(totp === undefined
          ? {}
          : {
              secondFactor: async ({ methods: [method] }) =>
                method === undefined
                  ? undefined
                  : answerWithCode(method, await totpCode(fromHex(totp.secretHex), Math.floor(Date.now() / 1000))),
            }),
      });
      const session = new UserSession(account);
      const state = await session.friends.state();
      const { incoming, outgoing, followers, following, friends, blocked, groups } = state;
      const social: ExpectedSocial = {
        followers,
        following,
        friends,
        pendingIncoming: incoming.map((request) => request.username),
        pendingOutgoing: outgoing,
        blocked,
        groupUidByName: Object.fromEntries([...groups].map(([uid, name]) => [name, uid])),
      };
      expect({ username, ...social }).toEqual({ username, ...expected[username]?.social });
      expect(incoming.every(({ isChecked }) => isChecked)).toBe(true);
    }
  });
});
