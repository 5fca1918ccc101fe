import { isAbsolute } from 'node:path';
import { SpaceRequest, ServerMessageType } from '@pyrgos/core/accounts';
import { assertInteger } from '@pyrgos/core/bytes';
import { ArgumentError, NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import type { BackupSummary } from '../backup/index.js';
import type { ServerContext } from '../context.js';
import { MAX_TOKENS_PER_CALL } from '../limits.js';
import { serverVersion } from '../version.js';
import type { BackupProgress, GarbageSummary, InviteLink, MessageReport, Operator, SpaceRequestReport, UserReport } from './operator.js';

/** The sign-up link of a token (chapter 08 section 1.2 step 15). */
function inviteLink(url: string, token: string): string {
  return `${url}/?signup=true&token=${token}`;
}

/** {@link Operator} on the data themselves, in the one process that has them open. */
export class LocalOperator implements Operator {
  /** `url`: where people reach the server, without slash at the end. */
  constructor(
    private readonly context: ServerContext,
    private readonly url: () => string,
  ) {}

  async createTokens(count: number): Promise<readonly InviteLink[]> {
    assertInteger('count', count, 1, MAX_TOKENS_PER_CALL);
    const { tokens } = this.context;
    const made = new Set<string>();
    for (let i = 0; i < count; i++) made.add(await tokens.create());
    return (await this.listTokens()).filter(({ token }) => made.has(token));
  }

  async listTokens(): Promise<readonly InviteLink[]> {
    return this.context.tokens.list().map(({ created, token }) => ({ token, created, link: inviteLink(this.url(), token) }));
  }

  async revokeToken(token: string): Promise<boolean> {
    const { db, tokens } = this.context;
    const existed = tokens.consume(token.trim().toLowerCase());
    await db.durable();
    return existed;
  }

  async listUsers(): Promise<readonly UserReport[]> {
    const { quotas, space } = this.context;
    return quotas.list().map(({ bytes, name }) => ({ name, quota: bytes, used: space.usageOf(name)?.totalBytes }));
  }

  async setQuota(name: string, bytes: number): Promise<void> {
    const { quotas } = this.context;
    this.requireUser(name);
    quotas.set(name, bytes);
    await quotas.durable();
  }

  async deleteUser(name: string): Promise<void> {
    const { accounts, requests, space } = this.context;
    this.requireUser(name);
    // The quota goes last: while it is there the deletion can be asked for again, so an interrupted one can be finished.
    await accounts.remove(name);
    requests.remove(name);
    await space.removeUser(name);
  }

  async listRequests(): Promise<readonly SpaceRequestReport[]> {
    const reports: SpaceRequestReport[] = [];
    for (const { signedRequest, username } of this.context.requests.list()) {
      // One that cannot be read, because its user was deleted for example, must not hide the others.
      const request = await this.readRequest(username, signedRequest).catch(ignoreKnown);
      if (request !== undefined) reports.push({ username, bytes: request.bytes, claimedTime: request.time });
    }
    return reports;
  }

  async approveRequest(name: string): Promise<number> {
    const { db, quotas, requests } = this.context;
    const pending = requests.list().find(({ username }) => username === name);
    if (pending === undefined) throw new NotFoundError('not-found.user', 'This user has not asked for space.');
    const { bytes } = await this.readRequest(name, pending.signedRequest);
    this.requireUser(name);
    db.transaction(() => {
      // It may have been replaced while its signature was checked.
      if (!requests.has(name, pending.signedRequest)) throw new PyrgosError('conflict.merge', 'The request has changed; look at it again.');
      quotas.set(name, bytes);
      requests.remove(name);
    });
    await db.durable();
    return bytes;
  }

  async sendMessage(name: string, text: string): Promise<void> {
    this.requireUser(name);
    await this.context.messages.sendToUser(name, text);
  }

  async readMessages(name: string): Promise<readonly MessageReport[]> {
    this.requireUser(name);
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

  async backUp(target: string, onProgress?: (progress: BackupProgress) => void, signal?: AbortSignal): Promise<BackupSummary> {
    if (!isAbsolute(target)) throw new ArgumentError('target', 'must be an absolute path');
    const { accounts, clock, crypto, db, garbage, pkiFiles, storage } = this.context;
    await accounts.completeInterrupted();
    // Only here: a start must not wait for what backups need.
    const { writeBackup } = await import('../backup/index.js');
    return writeBackup({
      db,
      storage,
      garbage,
      target,
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

  private requireUser(name: string): void {
    if (this.context.quotas.get(name) === undefined) throw new NotFoundError('not-found.user', 'No such user on this server.');
  }
}

function ignoreKnown(error: unknown): undefined {
  if (!(error instanceof PyrgosError)) throw error;
}
