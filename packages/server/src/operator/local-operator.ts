import { statfs } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { SpaceRequest, ServerMessageType } from '@pyrgos/core/accounts';
import { assertInteger, equalBytes } from '@pyrgos/core/bytes';
import { ArgumentError, NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import type { BackupSummary } from '../backup/index.js';
import { formatSize } from '../config/byte-size.js';
import type { ServerContext } from '../context.js';
import { healthOfContext } from '../health-of-context.js';
import { checkHealth, type HealthChecks } from '../http/health.js';
import { MAX_TOKENS_PER_CALL } from '../limits.js';
import { serverVersion } from '../version.js';
import type {
  BackupProgress,
  GarbageSummary,
  GrantOptions,
  GrantReport,
  InviteLink,
  MessageReport,
  Operator,
  ServerStatus,
  SpaceRequestReport,
  UserReport,
} from './operator.js';

/** The sign-up link of a token (chapter 08 section 1.2 step 15). */
function inviteLink(url: string, token: string): string {
  return `${url}/?signup=true&token=${token}`;
}

/** What {@link LocalOperator} may be told. */
export interface LocalOperatorOptions {
  /** About the server in this process; absent in a command that opens the data for a moment. */
  readonly running?: () => ServerStatus['process'];
  /** Default: those of the context. */
  readonly health?: HealthChecks;
}

/** {@link Operator} on the data themselves, in the one process that has them open. */
export class LocalOperator implements Operator {
  /** `url`: where people reach the server, without slash at the end. */
  constructor(
    private readonly context: ServerContext,
    private readonly url: () => string,
    private readonly options: LocalOperatorOptions = {},
  ) {}

  async createTokens(count: number): Promise<readonly InviteLink[]> {
    assertInteger('count', count, 1, MAX_TOKENS_PER_CALL);
    const { tokens } = this.context;
    const made = new Set<string>();
    for (let i = 0; i < count; i++) made.add(await tokens.create());
    this.log({ count }, 'sign-up links were made');
    return (await this.listTokens()).filter(({ token }) => made.has(token));
  }

  async listTokens(): Promise<readonly InviteLink[]> {
    return this.context.tokens.list().map(({ created, token }) => ({ token, created, link: inviteLink(this.url(), token) }));
  }

  async revokeToken(token: string): Promise<boolean> {
    const { db, tokens } = this.context;
    const existed = tokens.consume(token.trim().toLowerCase());
    await db.durable();
    if (existed) this.log({}, 'a sign-up link was revoked');
    return existed;
  }

  async listUsers(): Promise<readonly UserReport[]> {
    const { quotas, space } = this.context;
    const reports: UserReport[] = [];
    for (const { bytes, name } of quotas.list()) {
      if (!(await space.isDeletedByOwner(name))) reports.push({ name, quota: bytes, used: space.usageOf(name)?.totalBytes });
    }
    return reports;
  }

  async setQuota(name: string, bytes: number, options?: GrantOptions): Promise<GrantReport> {
    assertInteger('bytes', bytes, 0, Number.MAX_SAFE_INTEGER);
    const waiting = this.context.requests.get(name);
    const requested = waiting === undefined ? undefined : await this.readRequest(name, waiting).catch(ignoreKnown);
    await this.grant(name, bytes, waiting, options);
    return { bytes, requested: requested?.bytes };
  }

  async deleteUser(name: string): Promise<void> {
    const { accounts, space } = this.context;
    // Not requireUser: one whose owner has deleted it can be deleted for good at once.
    if (this.context.quotas.get(name) === undefined) throw noSuchUser();
    // The quota goes last: while it is there the deletion can be asked for again, so an interrupted one can be finished.
    await accounts.remove(name);
    await space.removeUser(name);
    this.log({ username: name }, 'an account was deleted');
  }

  async listRequests(): Promise<readonly SpaceRequestReport[]> {
    const { quotas, requests, space } = this.context;
    const reports: SpaceRequestReport[] = [];
    for (const { signedRequest, username } of requests.list()) {
      const quota = quotas.get(username);
      // Who deletes an account sends a last one, for servers that want to be paid (chapter 05 section 21).
      if (quota === undefined || (await space.isDeletedByOwner(username))) continue;
      // One that cannot be read must not hide the others.
      const request = await this.readRequest(username, signedRequest).catch(ignoreKnown);
      if (request !== undefined) reports.push({ username, bytes: request.bytes, quota, claimedTime: request.time });
    }
    return reports;
  }

  async approveRequest(name: string, bytes?: number, options?: GrantOptions): Promise<GrantReport> {
    if (bytes !== undefined) assertInteger('bytes', bytes, 0, Number.MAX_SAFE_INTEGER);
    const waiting = this.context.requests.get(name);
    if (waiting === undefined) throw noRequest();
    const { bytes: requested } = await this.readRequest(name, waiting);
    await this.grant(name, bytes ?? requested, waiting, options);
    return { bytes: bytes ?? requested, requested };
  }

  async rejectRequest(name: string): Promise<number> {
    const { db, requests } = this.context;
    const waiting = requests.get(name);
    if (waiting === undefined) throw noRequest();
    const request = await this.readRequest(name, waiting).catch(ignoreKnown);
    db.transaction(() => {
      if (!requests.has(name, waiting)) throw hasChanged();
      requests.remove(name);
    });
    await db.durable();
    this.log({ username: name }, 'a request for space was refused');
    return request?.bytes ?? 0;
  }

  async sendMessage(name: string, text: string): Promise<void> {
    await this.requireUser(name);
    await this.context.messages.sendToUser(name, text);
  }

  async readMessages(name: string): Promise<readonly MessageReport[]> {
    await this.requireUser(name);
    return this.context.messages
      .conversationWith(name)
      .map(({ body, id, sent, type }) => ({ id, sent, body, from: type === ServerMessageType.fromServer ? 'server' : 'user' }));
  }

  async collectGarbage(signal?: AbortSignal): Promise<GarbageSummary> {
    const { garbage, keeper } = this.context;
    const { deleted, deletedBytes, failures, kept, users } = await garbage.collect(undefined, signal);
    // There may be room for the reserve again.
    await keeper.check(false);
    return { users, blocks: deleted, bytes: deletedBytes, kept, failed: failures.map(({ username }) => username) };
  }

  async status(): Promise<ServerStatus> {
    const { config, tokens } = this.context;
    const people = (await this.listUsers()).filter(({ used }) => used !== undefined);
    const { bavail, blocks, bsize } = await statfs(config.dataDirectory);
    return {
      version: serverVersion(),
      dataDirectory: config.dataDirectory,
      url: this.url(),
      process: this.options.running?.(),
      health: await checkHealth(this.options.health ?? healthOfContext(this.context)),
      disk: { free: bavail * bsize, size: blocks * bsize },
      accounts: people.length,
      stored: people.reduce((sum, { used = 0 }) => sum + used, 0),
      requests: (await this.listRequests()).length,
      tokens: tokens.list().length,
    };
  }

  async backUp(target: string, onProgress?: (progress: BackupProgress) => void, signal?: AbortSignal): Promise<BackupSummary> {
    if (!isAbsolute(target)) throw new ArgumentError('target', 'must be an absolute path');
    const { accounts, clock, config, crypto, db, garbage, pkiFiles, storage } = this.context;
    // A disk that takes nothing any more wants a backup most; what is not completed is in it as it is.
    await accounts.completeInterrupted().catch(ignoreDisk);
    // Only here: a start must not wait for what backups need.
    const { writeBackup } = await import('../backup/index.js');
    return writeBackup({
      db,
      storage,
      garbage,
      target,
      directory: config.dataDirectory,
      crypto,
      clock,
      files: pkiFiles,
      version: serverVersion(),
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  private async readRequest(username: string, signed: Uint8Array): Promise<SpaceRequest> {
    const { crypto, identities } = this.context;
    const { key } = await identities.ofUser(username);
    const request = SpaceRequest.open(crypto, key, signed);
    if (request.username !== username) throw new PyrgosError('denied.admin', 'The request is for another user than its label says.');
    return request;
  }

  /** Sets a quota, and settles the request that was looked at; PyrgosError `conflict.merge` when there is another one by now. */
  private async grant(name: string, bytes: number, request: Uint8Array | undefined, { isSure = false }: GrantOptions = {}): Promise<void> {
    const { db, quotas, requests } = this.context;
    await this.requireUser(name);
    if (!isSure) await this.requireSensible(name, bytes);
    db.transaction(() => {
      const now = requests.get(name);
      if (now !== undefined && (request === undefined || !equalBytes(now, request))) throw hasChanged();
      quotas.set(name, bytes);
      requests.remove(name);
    });
    await db.durable();
    this.log({ username: name, bytes }, 'a quota was set');
  }

  /** The log tells afterwards what was done to whom. No token is in it: it is worth an account. */
  private log(facts: { readonly username?: string; readonly bytes?: number; readonly count?: number }, what: string): void {
    this.context.logger.info(facts, `operator: ${what}`);
  }

  /** PyrgosError `storage` when a larger quota promises what the disk cannot keep, or one is less than what is stored: a unit was forgotten, often. */
  private async requireSensible(name: string, bytes: number): Promise<void> {
    const { config, quotas, space } = this.context;
    const used = space.usageOf(name)?.totalBytes ?? 0;
    if (bytes < used) {
      throw new PyrgosError(
        'storage',
        `${name} stores ${formatSize(used)}, and with ${formatSize(bytes)} could write nothing any more. Say --yes if that is meant.`,
        { data: { used, bytes } },
      );
    }
    if (bytes <= (quotas.get(name) ?? 0)) return;
    const room = bytes - used;
    const { bavail, bsize } = await statfs(config.dataDirectory);
    const free = bavail * bsize;
    if (room <= free) return;
    throw new PyrgosError(
      'storage',
      `${name} could then store ${formatSize(room)} more, and the disk has ${formatSize(free)} free. Say --yes if that is meant.`,
      { data: { room, free } },
    );
  }

  private async requireUser(name: string): Promise<void> {
    if (this.context.quotas.get(name) === undefined || (await this.context.space.isDeletedByOwner(name))) throw noSuchUser();
  }
}

function noSuchUser(): NotFoundError {
  return new NotFoundError('not-found.user', 'No such user on this server.');
}

function noRequest(): NotFoundError {
  return new NotFoundError('not-found.user', 'This user has not asked for space.');
}

function hasChanged(): PyrgosError {
  return new PyrgosError('conflict.merge', 'The request has changed; look at it again.');
}

function ignoreDisk(error: unknown): undefined {
  if (!(error instanceof PyrgosError && error.code === 'storage')) throw error;
}

function ignoreKnown(error: unknown): undefined {
  if (!(error instanceof PyrgosError)) throw error;
}
