import { BlockWrite, type LoginData, PointerWrite } from '@pyrgos/core/accounts';
import { ConflictError, PyrgosError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import { PointerUpdate, WriterData } from '@pyrgos/core/model';
import type { PointerStore } from '@pyrgos/core/store';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AccountsWorld, errorText, type TestPassword, type TestUser } from '../../test/accounts-world.js';
import { MAX_PASSWORD_CHANGES, MAX_STAGED_PASSWORD_CHANGES, PASSWORD_CHANGE_WINDOW_MS } from '../limits.js';
import type { LocalBlocks } from '../ports/local-blocks.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { LoginTable } from './login-table.js';
import { StagedLoginTable } from './staged-login-table.js';

const WRONG_PASSWORD = 'Incorrect username or password';

let world: AccountsWorld;
let alice: TestUser;
beforeEach(async () => {
  world = await AccountsWorld.create();
  alice = await world.addUser('alice');
});
afterEach(async () => world.close());

async function isValid(password: TestPassword): Promise<boolean> {
  const text = await errorText(world.getLogin('alice', password));
  if (text !== 'no error') expect(text).toBe(WRONG_PASSWORD);
  return text === 'no error';
}

/** Which of the passwords 1 to 4 are valid. */
async function validPasswords(): Promise<number[]> {
  const valid: number[] = [];
  for (const n of [1, 2, 3, 4]) if (await isValid(world.password(n))) valid.push(n);
  return valid;
}

async function publishedTarget(): Promise<string | undefined> {
  const hash = alice.identity.publicKey.hash;
  const signed = await world.pointers.getPointer(hash, hash);
  return signed === undefined ? undefined : PointerUpdate.decodeVerifiedBefore(signed).updated?.toString();
}

function stagedReaders(): number {
  return new StagedLoginTable(world.db).list('alice').length;
}

/** Leaves a staged change of password `n` behind, as if the server had died before the pointer update. */
async function stage(n: number, accounts = world.build({ pointers: refusingPointers(() => new Error('died')) })): Promise<LoginData> {
  const data = await world.passwordChange(alice, world.password(n));
  await expect(world.setLogin(data, alice, accounts)).rejects.toThrow('died');
  return data;
}

function refusingPointers(outcome: () => Error | false): PointerStore {
  return {
    getPointer: async (owner, writer) => world.pointers.getPointer(owner, writer),
    setPointers: async () => false,
    setPointer: async () => {
      const result = outcome();
      if (result === false) return false;
      throw result;
    },
  };
}

describe('a password change', () => {
  test('publishes the identity and replaces the login data', async () => {
    const { block, pointer, target } = await world.identityUpdate(alice, world.password(2));
    expect(await world.setLogin(world.loginData(alice, world.password(2), { block, pointer }), alice)).toBe(true);
    expect(await validPasswords()).toEqual([2]);
    expect(await publishedTarget()).toBe(target.toString());
    expect(await world.blocks.get('alice', target)).toEqual(block.block);
    expect(stagedReaders()).toBe(0);
    await world.reopen();
    expect(await validPasswords()).toEqual([2]);
  });

  test('can follow another one', async () => {
    for (const n of [2, 3, 1, 4]) {
      expect(await world.setLogin(await world.passwordChange(alice, world.password(n)), alice)).toBe(true);
      expect(await validPasswords()).toEqual([n]);
    }
  });

  test('repeated as it is succeeds, more often than there may be interrupted ones', async () => {
    const data = await world.passwordChange(alice, world.password(2));
    for (let i = 0; i < MAX_STAGED_PASSWORD_CHANGES + 2; i++) expect(await world.setLogin(data, alice)).toBe(true);
    expect(await validPasswords()).toEqual([2]);
  });

  test('does not come back by a replay after the password was changed again', async () => {
    const first = await world.passwordChange(alice, world.password(2));
    await world.setLogin(first, alice);
    // Without an identity update, as the Rust client does it: the pointer still is that of the first change.
    await world.setLogin(world.loginData(alice, world.password(3)), alice);
    await expect(world.setLogin(first, alice)).rejects.toThrow('PointerCAS');
    expect(await validPasswords()).toEqual([3]);
  });

  test('that lost the race for the pointer changes nothing', async () => {
    const mine = await world.passwordChange(alice, world.password(2));
    const other = await world.passwordChange(alice, world.password(3));
    expect(await world.setLogin(other, alice)).toBe(true);
    await expect(world.setLogin(mine, alice)).rejects.toThrow(ConflictError);
    expect(await validPasswords()).toEqual([3]);
  });

  test('whose pointer update is refused at the last moment answers so; the old password stays', async () => {
    const data = await world.passwordChange(alice, world.password(2));
    const losing = world.build({ pointers: refusingPointers(() => false) });
    expect(await world.setLogin(data, alice, losing)).toBe(false);
    const failing = world.build({ pointers: refusingPointers(() => new PyrgosError('storage', 'disk full')) });
    expect(await errorText(world.setLogin(data, alice, failing))).toBe('disk full');
    expect(await validPasswords()).toEqual([1]);
    expect(await world.setLogin(data, alice)).toBe(true);
    expect(await validPasswords()).toEqual([2]);
  });

  test('of two at the same time succeeds for one, and the stores agree on which', async () => {
    const changes = await Promise.all([2, 3, 4].map(async (n) => world.passwordChange(alice, world.password(n))));
    const results = await Promise.allSettled(changes.map(async (data) => world.setLogin(data, alice)));
    const winners = results.flatMap((result, i) => (result.status === 'fulfilled' && result.value ? [i + 2] : []));
    expect(winners).toHaveLength(1);
    expect(await validPasswords()).toEqual(winners);
  });

  test('waits for the one before it', async () => {
    const first = await world.passwordChange(alice, world.password(2));
    const { signer, publicKey } = alice.identity;
    const before = PointerUpdate.decodeVerifiedBefore(first.identityUpdate!.pointer.signed);
    const { block, target } = await world.identityUpdate(alice, world.password(3));
    const pointer = PointerWrite.of(publicKey.hash, PointerUpdate.next(before, target).sign(world.crypto, signer));
    const second = world.loginData(alice, world.password(3), { block, pointer });
    expect(await Promise.all([world.setLogin(first, alice), world.setLogin(second, alice)])).toEqual([true, true]);
    expect(await validPasswords()).toEqual([3]);
  });

  test('is not charged and needs no space', async () => {
    world.quotas.remove('alice');
    expect(await world.setLogin(await world.passwordChange(alice, world.password(2)), alice)).toBe(true);
  });

  test('cannot be used to store block after block', async () => {
    const bob = await world.addUser('bob');
    for (let i = 0; i < MAX_PASSWORD_CHANGES; i++) {
      expect(await world.setLogin(await world.passwordChange(alice, world.password(2 + (i % 2))), alice)).toBe(true);
    }
    const blocks = (): unknown => world.db.prepare('SELECT count(*) AS n FROM blocks').get()?.['n'];
    const before = blocks();
    // A restart is nothing that makes up for it.
    await world.reopen();
    const data = await world.passwordChange(alice, world.password(1));
    expect(await errorText(world.setLogin(data, alice))).toBe('Too many password changes. Please try again tomorrow.');
    expect(blocks()).toBe(before);
    expect(await validPasswords()).toEqual([2 + ((MAX_PASSWORD_CHANGES - 1) % 2)]);
    // Others, and changes that store no block, are not concerned.
    expect(await world.setLogin(await world.passwordChange(bob, world.password(2)), bob)).toBe(true);
    expect(await world.setLogin(world.loginData(alice, world.password(4)), alice)).toBe(true);
    world.clock.time += PASSWORD_CHANGE_WINDOW_MS;
    expect(await world.setLogin(data, alice)).toBe(true);
    expect(await validPasswords()).toEqual([1]);
  });
});

describe('what a password change may not do', () => {
  async function refused(update: { readonly block: BlockWrite; readonly pointer: PointerWrite }, problem: string): Promise<void> {
    const before = await publishedTarget();
    const data = world.loginData(alice, world.password(2), update);
    expect(await errorText(world.setLogin(data, alice))).toContain(problem);
    expect(await validPasswords()).toEqual([1]);
    expect(await publishedTarget()).toBe(before);
    expect(stagedReaders()).toBe(0);
    expect(await world.blocks.get('alice', update.block.cid(world.crypto))).toBeUndefined();
  }

  test('write with another key', async () => {
    const good = await world.identityUpdate(alice, world.password(2));
    const bob = await world.addUser('bob');
    const foreign = await world.identityUpdate(alice, world.password(2), bob.identity.signer);
    await refused({ block: foreign.block, pointer: good.pointer }, 'it must be written by the identity key');
    await refused({ block: good.block, pointer: foreign.pointer }, 'it must be written by the identity key');
    const posing = BlockWrite.of(alice.identity.publicKey.hash, foreign.block.signature, foreign.block.block, false);
    await refused({ block: posing, pointer: good.pointer }, 'the signature of the block is not valid');
    const unsigned = PointerWrite.of(alice.identity.publicKey.hash, foreign.pointer.signed);
    await refused({ block: good.block, pointer: unsigned }, 'the signature is not valid for this key');
  });

  function signedBlock(bytes: Uint8Array, isRaw = false): BlockWrite {
    return BlockWrite.sign(world.crypto, alice.identity.signer, bytes, isRaw);
  }

  test('publish something that is not the identity', async () => {
    const { block, pointer } = await world.identityUpdate(alice, world.password(2));
    const { algorithm } = world.password(2);
    const bob = await world.addUser('bob');
    await refused({ block: signedBlock(block.block, true), pointer }, 'the block must be dag-cbor');
    await refused({ block: signedBlock(new Uint8Array([0xa0])), pointer }, 'WriterData.controller: is missing');
    const ofBob = WriterData.of(bob.identity.publicKey.hash, { algorithm }).encode();
    await refused({ block: signedBlock(ofBob), pointer }, 'the block belongs to another key');
    const silent = WriterData.of(alice.identity.publicKey.hash).encode();
    await refused({ block: signedBlock(silent), pointer }, 'the block does not say how keys are derived');
    const other = WriterData.of(alice.identity.publicKey.hash, { algorithm: world.password(3).algorithm }).encode();
    await refused({ block: signedBlock(other), pointer }, 'the pointer does not publish the block');
  });

  test('go back to an older version', async () => {
    const { block, target } = await world.identityUpdate(alice, world.password(2));
    const stale = PointerUpdate.of(undefined, target, 9).sign(world.crypto, alice.identity.signer);
    await refused({ block, pointer: PointerWrite.of(alice.identity.publicKey.hash, stale) }, 'PointerCAS:');
  });
});

describe('an interrupted password change', () => {
  test('does not invalidate the current password', async () => {
    await stage(2);
    expect(stagedReaders()).toBe(1);
    expect(await validPasswords()).toEqual([1]);
    await world.reopen();
    expect(await world.accounts.completeInterrupted()).toEqual([]);
    expect(await validPasswords()).toEqual([1]);
    expect(stagedReaders()).toBe(1);
  });

  test('is completed when its pointer was published, whichever password asks first', async () => {
    for (const first of [1, 2]) {
      const data = await stage(2);
      await publish(data);
      expect(await isValid(world.password(first))).toBe(first === 2);
      expect(await validPasswords()).toEqual([2]);
      expect(stagedReaders()).toBe(0);
      await world.setLogin(await world.passwordChange(alice, world.password(1)), alice);
    }
  });

  test('is completed at the start, before the pointer can move on', async () => {
    await publish(await stage(2));
    await world.reopen();
    expect(await world.accounts.completeInterrupted()).toEqual([]);
    expect(stagedReaders()).toBe(0);
    // A client that is still logged in commits something else.
    await world.commit(alice, world.password(4));
    expect(await validPasswords()).toEqual([2]);
  });

  test('is completed by its own repetition', async () => {
    const data = await stage(2);
    await publish(data);
    expect(await world.setLogin(data, alice)).toBe(true);
    expect(await validPasswords()).toEqual([2]);
  });

  test('can lie beside others; the published one wins and the others are forgotten', async () => {
    await stage(2);
    const third = await stage(3);
    await stage(4);
    expect(stagedReaders()).toBe(3);
    expect(await validPasswords()).toEqual([1]);
    await publish(third);
    expect(await validPasswords()).toEqual([3]);
    expect(stagedReaders()).toBe(0);
  });

  test('of the same password replaces the former one', async () => {
    for (let i = 0; i < MAX_STAGED_PASSWORD_CHANGES + 2; i++) await stage(2);
    expect(stagedReaders()).toBe(1);
  });

  test('is refused when there are too many', async () => {
    for (let n = 0; n < MAX_STAGED_PASSWORD_CHANGES; n++) await stage(10 + n);
    const data = await world.passwordChange(alice, world.password(2));
    expect(await errorText(world.setLogin(data, alice))).toBe('Too many incomplete password changes for alice');
    expect(await validPasswords()).toEqual([1]);
    // One of those that are there may still be tried again.
    expect(await world.setLogin(await world.passwordChange(alice, world.password(10)), alice)).toBe(true);
    expect(stagedReaders()).toBe(0);
  });

  test('is forgotten by login data without identity update, and with the user', async () => {
    const data = await stage(2);
    await world.setLogin(world.loginData(alice, world.password(3)), alice);
    expect(stagedReaders()).toBe(0);
    await publish(data);
    expect(await validPasswords()).toEqual([3]);
    await stage(4);
    await world.accounts.remove('alice');
    expect(stagedReaders()).toBe(0);
    expect(await validPasswords()).toEqual([]);
  });

  async function publish(data: LoginData): Promise<void> {
    const hash = alice.identity.publicKey.hash;
    expect(await world.pointers.setPointer(hash, hash, data.identityUpdate!.pointer.signed)).toBe(true);
  }
});

/** The end of the process; not a PyrgosError, which code might expect and handle. */
class Death extends Error {}

/** Stores that end the process at the n-th step; afterwards nothing works any more. */
class DyingStores {
  private steps = 0;
  private dead = false;

  constructor(
    private readonly last: number,
    private readonly moment: 'before' | 'after',
  ) {}

  get survived(): boolean {
    return !this.dead;
  }

  private check(step: number, moment: 'before' | 'after'): void {
    if (!this.dead && moment === this.moment && step === this.last) this.dead = true;
    if (this.dead) throw new Death('the process is dead');
  }

  private sync<T>(step: () => T): T {
    // A transaction has steps inside.
    const number = ++this.steps;
    this.check(number, 'before');
    const result = step();
    this.check(number, 'after');
    return result;
  }

  private async step<T>(step: () => Promise<T>): Promise<T> {
    const number = ++this.steps;
    this.check(number, 'before');
    const result = await step();
    this.check(number, 'after');
    return result;
  }

  db(db: SqlDatabase): SqlDatabase {
    return {
      ...db,
      prepare: (sql) => {
        const statement = db.prepare(sql);
        const isRead = sql.startsWith('SELECT');
        return {
          run: (...values) => this.sync(() => statement.run(...values)),
          get: (...values) => (isRead ? statement.get(...values) : this.sync(() => statement.get(...values))),
          all: (...values) => (isRead ? statement.all(...values) : this.sync(() => statement.all(...values))),
        };
      },
      execute: (sql) => db.execute(sql),
      transaction: (work) => this.sync(() => db.transaction(work)),
      durable: async () => this.step(async () => db.durable()),
      copyTo: async (path) => db.copyTo(path),
      close: async () => db.close(),
    };
  }

  pointers(pointers: PointerStore): PointerStore {
    const set = async (owner: PublicKeyHash, writer: PublicKeyHash, signed: Uint8Array): Promise<boolean> =>
      this.step(async () => pointers.setPointer(owner, writer, signed));
    return {
      getPointer: async (owner, writer) => this.step(async () => pointers.getPointer(owner, writer)),
      setPointer: set,
      setPointers: async (owner, updates) => this.step(async () => pointers.setPointers(owner, updates)),
    };
  }

  blocks(blocks: LocalBlocks): LocalBlocks {
    return {
      get: async (username, cid) => blocks.get(username, cid),
      metadata: async (username, cid) => blocks.metadata(username, cid),
      holderOf: async (cid) => blocks.holderOf(cid),
      put: async (username, stored, transaction) => this.step(async () => blocks.put(username, stored, transaction)),
      startTransaction: async (username) => this.step(async () => blocks.startTransaction(username)),
      closeTransaction: async (username, transaction) => this.step(async () => blocks.closeTransaction(username, transaction)),
    };
  }
}

describe('a server that dies', () => {
  /** Changes the password from 1 to 2 and dies at a step; whether it got to the end. */
  async function changeAndDie(step: number, moment: 'before' | 'after'): Promise<{ readonly data: LoginData; readonly survived: boolean }> {
    const data = await world.passwordChange(alice, world.password(2));
    const dying = new DyingStores(step, moment);
    const accounts = world.build({
      db: dying.db(world.db),
      pointers: dying.pointers(world.pointers),
      blocks: dying.blocks(world.blocks),
    });
    const outcome = await world.setLogin(data, alice, accounts).then(
      (result) => result,
      (error: unknown) => {
        if (error instanceof Death) return false;
        throw error;
      },
    );
    if (dying.survived) expect(outcome).toBe(true);
    await world.reopen();
    return { data, survived: dying.survived };
  }

  async function backToFirstPassword(): Promise<void> {
    world.clock.time += PASSWORD_CHANGE_WINDOW_MS;
    await world.setLogin(await world.passwordChange(alice, world.password(1)), alice);
    expect(await validPasswords()).toEqual([1]);
  }

  test.each(['before', 'after'] as const)(
    '%s any step of a password change leaves exactly the published password valid',
    async (moment) => {
      const outcomes = new Set<string>();
      for (let step = 1; ; step++) {
        const { data, survived } = await changeAndDie(step, moment);
        const target = data.identityUpdate!.block.cid(world.crypto).toString();
        const isPublished = (await publishedTarget()) === target;
        if (step % 2 === 0) expect(await world.accounts.completeInterrupted()).toEqual([]);
        expect(await validPasswords()).toEqual([isPublished ? 2 : 1]);
        expect(await world.setLogin(data, alice)).toBe(true);
        expect(await validPasswords()).toEqual([2]);
        expect(stagedReaders()).toBe(0);
        outcomes.add(`${isPublished} ${survived}`);
        if (survived) break;
        await backToFirstPassword();
      }
      expect([...outcomes].sort()).toEqual(['false false', 'true false', 'true true']);
    },
  );

  test('can be without space on its disk after the pointer was published: the change has happened all the same', async () => {
    const login = new LoginTable(world.db);
    const old = login.find('alice');
    let full = false;
    const db: SqlDatabase = {
      prepare: (sql) => world.db.prepare(sql),
      execute: (sql) => world.db.execute(sql),
      durable: async () => world.db.durable(),
      copyTo: async (path) => world.db.copyTo(path),
      close: async () => world.db.close(),
      transaction: (work) => {
        if (full) throw new PyrgosError('storage', 'The disk is full.');
        return world.db.transaction(work);
      },
    };
    const pointers: PointerStore = {
      getPointer: async (owner, writer) => world.pointers.getPointer(owner, writer),
      setPointers: async (owner, updates) => world.pointers.setPointers(owner, updates),
      setPointer: async (owner, writer, signed) => {
        full = true;
        return world.pointers.setPointer(owner, writer, signed);
      },
    };
    world.accounts = world.build({ db, pointers });
    expect(await world.setLogin(await world.passwordChange(alice, world.password(2)), alice)).toBe(true);
    expect(login.find('alice')).toEqual(old);
    expect(await validPasswords()).toEqual([2]);
    // Even when the identity changes again before there is space.
    await world.commit(alice, world.password(4));
    expect(await validPasswords()).toEqual([2]);
    full = false;
    expect(await validPasswords()).toEqual([2]);
    expect(login.find('alice')).not.toEqual(old);
    await world.reopen();
    expect(await validPasswords()).toEqual([2]);
  });
});
