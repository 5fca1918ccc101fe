import { encodeChain, type UserPublicKeyLink } from '@pyrgos/core/accounts';
import { ProofOfWork, SigningKeyPair } from '@pyrgos/core/keys';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Executioner, type PkiServer, PkiWorld } from '../../test/pki-world.js';
import { type NewAccount, SignUpClient } from '@pyrgos/testkit/server';
import { LoginTable } from '../accounts/login-table.js';
import { ChainIndex } from './chain-index.js';
import { PendingSignUps } from './pending-sign-ups.js';

const NAMES = ['anna', 'ben', 'cleo'] as const;
const MAX_USERS = 1;

type Action =
  | { readonly kind: 'sign-up'; readonly name: string; readonly withToken: boolean; readonly style: 'java' | 'rust' }
  | { readonly kind: 'again'; readonly name: string }
  | { readonly kind: 'renew'; readonly name: string; readonly year: number }
  | { readonly kind: 'change-key'; readonly name: string };

const name = fc.constantFrom(...NAMES);
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    kind: fc.constant('sign-up' as const),
    name,
    withToken: fc.boolean(),
    style: fc.constantFrom('java' as const, 'rust' as const),
  }),
  fc.record({ kind: fc.constant('again' as const), name }),
  fc.record({ kind: fc.constant('renew' as const), name, year: fc.integer({ min: 2025, max: 2040 }) }),
  fc.record({ kind: fc.constant('change-key' as const), name }),
);
/** What happens at the same time, and after how many steps the server fails or is killed meanwhile. */
const round = fc.record({
  actions: fc.array(action, { minLength: 1, maxLength: 6 }),
  strike: fc.option(fc.record({ at: fc.integer({ min: 1, max: 60 }), mode: fc.constantFrom('kill' as const, 'fail' as const) }), {
    freq: 3,
  }),
});

/** Everything that clients ever sent, and what may be true because of it. */
class Model {
  /** Accounts by the key of their first identity. */
  readonly sent = new Map<string, NewAccount>();
  /** All keys that were an identity, or were to become one. */
  readonly keys = new Map<string, SigningKeyPair>();
  tokens = 0;
}

async function run(
  world: PkiWorld,
  rounds: readonly { actions: readonly Action[]; strike: { at: number; mode: 'kill' | 'fail' } | null }[],
): Promise<void> {
  const model = new Model();
  for (const { actions, strike } of rounds) {
    const executioner = new Executioner(Infinity, strike?.mode);
    const server = await world.start({ maxUsers: MAX_USERS, executioner });
    const client = new SignUpClient(world.crypto, server.ids.current);
    const prepared = [];
    for (const item of actions) prepared.push(await prepare(server, client, model, item));
    if (strike !== null) executioner.aim(strike.at);
    await Promise.all(prepared.map(async (perform) => perform()));
    await server.stop();
    const after = await world.start({ maxUsers: MAX_USERS });
    await check(world, after, model);
    await after.stop();
  }
}

/** Builds what a client sends; the result sends it, and refuses nothing but surprises. */
async function prepare(server: PkiServer, client: SignUpClient, model: Model, item: Action): Promise<() => Promise<void>> {
  const empty = ProofOfWork.empty();
  const send = async (call: () => Promise<unknown>): Promise<boolean> =>
    call().then(
      () => true,
      () => false,
    );
  if (item.kind === 'sign-up') {
    const account = await client.build(item.name, { style: item.style });
    const token = item.withToken ? await server.tokens.create() : '';
    if (item.withToken) model.tokens++;
    const key = account.identity.publicKey.hash.key;
    model.sent.set(key, account);
    model.keys.set(key, account.identity);
    return async () => void (await send(async () => server.core.signup(item.name, account.link, account.log, empty, token)));
  }
  const chain = await server.core.getChain(item.name);
  const first = chain[0]?.owner.key ?? '';
  const [account, key] = [model.sent.get(first), model.keys.get(chain.at(-1)?.owner.key ?? '')];
  if (account === undefined || key === undefined) return async () => undefined;
  if (item.kind === 'again') {
    return async () => void (await send(async () => server.core.signup(item.name, account.link, account.log, empty, '')));
  }
  let links: readonly UserPublicKeyLink[] = [client.claim(item.name, key.signer, '2024-02-02')];
  if (item.kind === 'renew') links = [client.claim(item.name, key.signer, `${item.year}-01-01`)];
  if (item.kind === 'change-key') {
    const next = SigningKeyPair.generate(client.crypto);
    links = client.keyChange(item.name, key.signer, next.signer, '2040-01-01');
    // Whether it became the user's key, the chain tells.
    model.keys.set(next.publicKey.hash.key, next);
  }
  return async () => void (await send(async () => server.core.updateChain(item.name, links, empty, '')));
}

async function check(world: PkiWorld, server: PkiServer, model: Model): Promise<void> {
  expect([...server.problems]).toEqual([]);
  const names = (await server.core.usernames()).filter((it) => it !== 'peergos');
  const index = new ChainIndex(server.db);
  const chains = new Map(names.map((it) => [it, encodeChain(index.chainOf(it))]));
  for (const it of names) {
    const chain = await server.core.getChain(it);
    const account = model.sent.get(chain[0]!.owner.key)!;
    expect(account.username).toBe(it);
    for (const { owner } of chain) {
      expect(await server.core.getUsername(owner)).toBe(it);
      expect(model.keys.has(owner.key)).toBe(true);
    }
    const current = chain.at(-1)!.owner;
    expect((await server.core.getPublicKey(it))!.equals(current)).toBe(true);
    expect(await server.space.userOfWriter(current, current)).toBe(it);
    expect(new LoginTable(server.db).find(it)!.reader).toEqual(account.login.publicKey.encode());
    expect(server.bats.list(it).length).toBe(1);
    for (const { publicKey } of [account.identity, account.home]) {
      expect(await server.pointers.getPointer(account.identity.publicKey.hash, publicKey.hash)).toBeDefined();
    }
    for (const cid of account.blocks) expect(await server.local.get(it, cid)).toBeDefined();
  }
  // Losers leave nothing: no quota, no writer, no block, no record; and each token is unused, or has let one user in.
  expect(server.quotas.list().map((quota) => quota.name)).toEqual(names);
  expect((await server.space.users()).toSorted()).toEqual([...names, 'peergos'].toSorted());
  expect(await world.partitions()).toEqual([...names, 'peergos'].toSorted());
  expect(new PendingSignUps(server.db).names('', 10)).toEqual([]);
  const used = model.tokens - server.tokens.list().length;
  expect(names.length - used).toBeGreaterThanOrEqual(0);
  expect(names.length - used).toBeLessThanOrEqual(MAX_USERS);
  // The index is what the tree says.
  index.reset(index.state()!);
  await server.pki.refresh();
  expect(
    new Map((await server.core.usernames()).filter((it) => it !== 'peergos').map((it) => [it, encodeChain(index.chainOf(it))])),
  ).toEqual(chains);
}

test('whatever is sent at the same time, and wherever the server stops: one user for a name, one use of a token, no leftovers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 4 }), async (rounds) => {
      const world = await PkiWorld.create();
      try {
        await run(world, rounds);
      } finally {
        await world.remove();
      }
    }),
    { numRuns: 15 },
  );
}, 180_000);
