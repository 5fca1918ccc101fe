import { assertValidChain, isNewUsername, type OpLog, PointerWrite, type UserPublicKeyLink } from '@pyrgos/core/accounts';
import { equalBytes } from '@pyrgos/core/bytes';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { ConflictError, DeniedError, PyrgosError } from '@pyrgos/core/errors';
import type { ProofOfWork, PublicKeyHash } from '@pyrgos/core/keys';
import type { PointerStore, WriterPointer } from '@pyrgos/core/store';
import { LoginTable } from '../accounts/login-table.js';
import type { BatTable } from '../bats/bat-table.js';
import type { DiskRoom } from '../disk/disk-room.js';
import { MAX_OP_LOG_SIZE, MAX_WAITING_SIGN_UPS, SQL_ROWS_PER_STEP } from '../limits.js';
import type { Clock } from '../ports/clock.js';
import type { LocalBlocks } from '../ports/local-blocks.js';
import type { ServerIds } from '../ports/server-ids.js';
import type { ChainUpdateResult } from '../services.js';
import { KeyedLocks } from '../space/keyed-locks.js';
import type { QuotaTable } from '../space/quota-table.js';
import { quotaReached } from '../space/quota-text.js';
import type { SignupPermission } from '../space/signup-permission.js';
import type { Space } from '../space/space.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { type PendingSignUp, PendingSignUps } from './pending-sign-ups.js';
import type { PkiNode } from './pki-node.js';
import { validateSignUpLog, type ValidSignUpLog } from './sign-up-log.js';
import { keyLookup } from './tree-index.js';

/** Block files and folders that a new account takes on the disk, roughly. */
const SIGN_UP_FILES = 48;

/** What {@link SignUp} needs. */
export interface SignUpOptions {
  readonly db: SqlDatabase;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly pki: PkiNode;
  readonly ids: ServerIds;
  readonly space: Pick<Space, 'registerUser' | 'knownUserOf'>;
  readonly quotas: QuotaTable;
  readonly permission: SignupPermission;
  /** Bytes that a new user gets: what the permission gives. */
  readonly defaultQuota: number;
  readonly local: LocalBlocks;
  readonly pointers: PointerStore;
  readonly bats: BatTable;
  /** Refuses new accounts while the disk has no room. Default: only a failing write does. */
  readonly room?: Pick<DiskRoom, 'book'>;
}

/** A client's wish to have a name. */
export interface SignUpRequest {
  readonly username: string;
  readonly link: UserPublicKeyLink;
  /** Undefined when the name is claimed without data, by `updateChain`. */
  readonly log: OpLog | undefined;
  readonly proof: ProofOfWork;
  /** Empty when there is none. */
  readonly token: string;
}

/**
 * Sign-up (chapter 05 section 12.7). Name, host, permission and proof of work are looked at first, because that costs nothing; then the
 * claim and the whole log are verified; only then is the name claimed, which cannot be undone. From before the claim until the account is
 * complete a durable record holds what was accepted: whatever interrupts the sign-up, the next start finishes it, or the client does by sending
 * the same again. A sign-up whose claim fails leaves nothing behind: no quota, no used-up token, no block.
 */
export class SignUp {
  private readonly pending: PendingSignUps;
  private readonly logins: LoginTable;
  /** One sign-up at a time for each name and for each key. */
  private readonly locks = new KeyedLocks(MAX_WAITING_SIGN_UPS);

  constructor(private readonly options: SignUpOptions) {
    this.pending = new PendingSignUps(options.db);
    this.logins = new LoginTable(options.db);
  }

  /**
   * Signs a user up. The answer is durable; sending the same again gives the same answer. DeniedError `denied.signup` and `denied.chain` with
   * the protocol's texts, PyrgosError `quota` when the data exceed what the user may store.
   */
  async run(request: SignUpRequest): Promise<ChainUpdateResult> {
    const { username, link } = request;
    if (!isNewUsername(username)) throw new DeniedError('denied.signup', 'Invalid username');
    const [provider] = link.claim.storageProviders;
    if (provider === undefined || !provider.multihash.equals(this.options.ids.current.multihash)) {
      throw new DeniedError('denied.signup', `Trying to signup to wrong host! ${provider?.toString() ?? 'none'}`);
    }
    return this.locks.run(lockKeys(request), async () => this.runAlone(request));
  }

  /**
   * Ends what the last run of the server left open: finishes the sign-ups whose names are claimed and forgets the others. Call it when the PKI
   * has started, before requests are taken. One that cannot be finished is reported and stays for the next time. Returns how many were open.
   */
  async recover(onFailed: (username: string, error: PyrgosError) => void): Promise<number> {
    let found = 0;
    for (let after = ''; ;) {
      const names = this.pending.names(after, SQL_ROWS_PER_STEP);
      for (const username of names) {
        found++;
        try {
          await this.locks.run([nameKey(username)], async () => this.settle(username));
        } catch (error) {
          if (!(error instanceof PyrgosError)) throw error;
          onFailed(username, error);
        }
      }
      const last = names.at(-1);
      if (last === undefined) return found;
      after = last;
    }
  }

  private async runAlone(request: SignUpRequest): Promise<ChainUpdateResult> {
    const { pki } = this.options;
    const { username, link, proof, token } = request;
    const open = this.pending.find(username);
    if (open !== undefined && isSame(open, request)) await this.settle(username);
    else if (open !== undefined && !(await this.isClaimed(open))) await this.drop(open);
    if ((await pki.identityOf(username)) !== undefined) return this.repeat(request);

    this.askPermission(username, token);
    const difficulty = pki.checkProof(username, [link], proof);
    if (difficulty !== undefined) return { accepted: false, difficulty };
    const valid = await this.validate(request);
    const leave = await this.options.room?.book(MAX_OP_LOG_SIZE, true, SIGN_UP_FILES);
    try {
      const accepted = this.accept(request, valid?.size ?? 0);
      await this.claim(accepted);
      await this.finish(accepted, valid);
    } finally {
      leave?.();
    }
    return { accepted: true };
  }

  /** The answer for a name that is taken: fine if it was this very request that took it, because then the first answer was lost. */
  private async repeat({ username, link, log }: SignUpRequest): Promise<ChainUpdateResult> {
    const current = (await this.options.pki.chainOf(username)).at(-1);
    if (current?.equals(link) === true && this.pending.find(username) === undefined && (await this.isApplied(link.owner, log))) {
      return { accepted: true };
    }
    throw new DeniedError('denied.chain', 'User already exists: Invalid key change attempt!');
  }

  /** Whether all pointers are where the log moves them. */
  private async isApplied(identity: PublicKeyHash, log: OpLog | undefined): Promise<boolean> {
    const last = new Map((log?.operations ?? []).filter((item) => item instanceof PointerWrite).map((item) => [item.writer.key, item]));
    for (const { writer, signed } of last.values()) {
      const stored = await this.options.pointers.getPointer(identity, writer);
      if (stored === undefined || !equalBytes(stored, signed)) return false;
    }
    return true;
  }

  /** Refuses whom {@link accept} would refuse, and reserves nothing: the proof of work comes first. */
  private askPermission(username: string, token: string): void {
    const { db, permission } = this.options;
    db.transaction(() => {
      permission.check(username, token);
      permission.release(username, token);
    });
  }

  /** Everything that could fail after the claim of the name has to fail here. */
  private async validate({ username, link, log }: SignUpRequest): Promise<ValidSignUpLog | undefined> {
    const { crypto, local, space } = this.options;
    await assertValidChain(crypto, [link], username, keyLookup(crypto, local, username, link.owner));
    const valid = log === undefined ? undefined : await validateSignUpLog(crypto, username, link.owner, log);
    for (const writer of [link.owner, ...(valid?.rounds[0] ?? []).map((update) => update.writer)]) {
      if ((await this.isInUse(writer)) || (await space.knownUserOf(writer, writer)) !== undefined) throw keyInUse();
    }
    return valid;
  }

  private async isInUse(key: PublicKeyHash): Promise<boolean> {
    const { pki, pointers } = this.options;
    return (await pki.usernameOf(key)) !== undefined || (await pointers.getPointer(key, key)) !== undefined;
  }

  /** Takes the place and remembers the sign-up, in one step. It is on disk before the claim is, because both are in one log. */
  private accept({ username, link, log, token }: SignUpRequest, size: number): PendingSignUp {
    const { db, clock, defaultQuota, permission, quotas } = this.options;
    try {
      return db.transaction(() => {
        const before = quotas.get(username);
        permission.check(username, token);
        const after = quotas.get(username);
        const quota = after ?? defaultQuota;
        if (size > quota) throw quotaReached({ used: 0, quota, size });
        const hasPlace = before === undefined && after !== undefined;
        const accepted = { username, link, log, token, hasPlace, created: clock.now() };
        this.pending.add(accepted);
        return accepted;
      });
    } catch (error) {
      permission.release(username, token);
      throw error;
    }
  }

  /** Claims the name, or forgets the sign-up. When not even that is certain, the record stays. */
  private async claim(accepted: PendingSignUp): Promise<void> {
    try {
      await this.options.pki.merge(accepted.username, [accepted.link]);
    } catch (error) {
      // A disk that fails after the tree was signed: the name may be ours.
      let isClaimed: boolean;
      try {
        isClaimed = await this.isClaimed(accepted);
      } catch {
        throw error;
      }
      if (isClaimed) return;
      await this.drop(accepted);
      throw error;
    }
  }

  private async isClaimed({ username, link }: PendingSignUp): Promise<boolean> {
    const { pki } = this.options;
    await pki.refresh();
    return (await pki.usernameOf(link.owner)) === username;
  }

  private async settle(username: string): Promise<void> {
    const open = this.pending.find(username);
    if (open === undefined) return;
    if (!(await this.isClaimed(open))) return this.drop(open);
    const { crypto } = this.options;
    const valid = open.log === undefined ? undefined : await validateSignUpLog(crypto, username, open.link.owner, open.log);
    return this.finish(open, valid);
  }

  private async drop({ username, token, hasPlace }: PendingSignUp): Promise<void> {
    const { db, permission, quotas } = this.options;
    db.transaction(() => {
      this.pending.remove(username);
      permission.release(username, token);
      // After a restart the permission knows nothing of it.
      if (hasPlace) quotas.remove(username);
    });
    await db.durable();
  }

  /** Everything after the claim. May be repeated: each step leaves alone what is there. */
  private async finish({ username, link, log, token }: PendingSignUp, valid: ValidSignUpLog | undefined): Promise<void> {
    const { db, bats, permission, space } = this.options;
    permission.consume(username, token);
    await space.registerUser(username, link.owner);
    if (valid !== undefined) await this.apply(username, link.owner, valid);
    db.transaction(() => {
      if (log?.login !== undefined && this.logins.find(username) === undefined) {
        const { entryPoints, reader } = log.login.data;
        this.logins.put({ username, entry: entryPoints.encode(), reader: reader.encode() });
      }
      if (log?.mirrorBat !== undefined) bats.add(username, log.mirrorBat.bat);
      this.pending.remove(username);
    });
    await db.durable();
  }

  private async apply(username: string, identity: PublicKeyHash, { blocks, rounds }: ValidSignUpLog): Promise<void> {
    const { local, pointers } = this.options;
    const transaction = await local.startTransaction(username);
    try {
      await local.put(username, blocks, transaction);
      for (const [number, round] of rounds.entries()) {
        const open: WriterPointer[] = [];
        for (const update of round) if (!(await this.isPast(identity, update.writer, number, rounds))) open.push(update);
        if (!(await pointers.setPointers(identity, open))) {
          throw new ConflictError('conflict.pointer', 'A pointer of the new account was changed at the same time, please try again.');
        }
      }
    } finally {
      await local.closeTransaction(username, transaction);
    }
  }

  /** Whether a writer's pointer has had its update of this round: it is there, at a later one, or has been moved on since. */
  private async isPast(
    identity: PublicKeyHash,
    writer: PublicKeyHash,
    number: number,
    rounds: readonly (readonly WriterPointer[])[],
  ): Promise<boolean> {
    const stored = await this.options.pointers.getPointer(identity, writer);
    if (stored === undefined) return false;
    const at = rounds.findIndex((round) => round.some((update) => update.writer.equals(writer) && equalBytes(update.signed, stored)));
    return at < 0 || at >= number;
  }
}

function nameKey(username: string): string {
  return `name ${username}`;
}

/** Two sign-ups that both bring the same key must not be found good side by side: one of them could not be finished. */
function lockKeys({ username, link, log }: SignUpRequest): string[] {
  const keys = new Set([link.owner.key, ...(log?.operations ?? []).map(({ writer }) => writer.key)]);
  return [nameKey(username), ...[...keys].map((key) => `key ${key}`)];
}

function isSame(open: PendingSignUp, { link, log }: SignUpRequest): boolean {
  return open.link.equals(link) && (open.log === undefined ? log === undefined : open.log.equals(log));
}

function keyInUse(): DeniedError {
  return new DeniedError('denied.signup', 'Invalid signup data! A key is in use already.');
}
