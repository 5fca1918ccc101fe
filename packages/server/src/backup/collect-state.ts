import { encodeChain } from '@pyrgos/core/accounts';
import { encodeBase64 } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { PyrgosError } from '@pyrgos/core/errors';
import { PointerUpdate } from '@pyrgos/core/model';
import { AccountRecords, type FactorRecord, type LoginRecord, type StagedLoginRecord } from '../accounts/account-records.js';
import { BatTable } from '../bats/bat-table.js';
import { ServerIdTable } from '../identity/server-id-table.js';
import { ChainIndex } from '../pki/chain-index.js';
import type { PkiFiles } from '../pki/pki-files.js';
import type { Clock } from '../ports/clock.js';
import { FollowRequestTable } from '../social/follow-request-table.js';
import { PointerTable } from '../space/pointer-table.js';
import { QuotaTable } from '../space/quota-table.js';
import { readBytes, readInteger, readText } from '../sql/sql-values.js';
import { TokenTable } from '../space/token-table.js';
import { UserTable } from '../space/user-table.js';
import { WriterTable } from '../space/writer-table.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { BACKUP_FORMAT } from './backup-state.js';

/** What {@link collectState} needs. */
export interface CollectStateOptions {
  /** A copy of the database that nobody changes. */
  readonly db: SqlDatabase;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly files: PkiFiles;
  /** Of this software. */
  readonly version: string;
}

/** The members of state.json except `blocks`, which only the writing of the blocks can tell (chapter 08 section 20). */
export interface CollectedState {
  readonly format: typeof BACKUP_FORMAT;
  readonly dumpedAt: string;
  readonly server: { readonly version: string; readonly ids: { readonly IDS: readonly string[] } };
  readonly pki: {
    readonly peergosIdentity: string;
    readonly pkiKeyHash: string;
    readonly peergosPassword: string;
    readonly pkiPublicKeyFile: string;
    readonly pkiSecretKeyFile: string;
    readonly pkiSecretKeyFilePassword: string;
    readonly treeRoot: string;
    readonly chains: Readonly<Record<string, string>>;
  };
  readonly owners: readonly {
    readonly username: string;
    readonly identity: string;
    readonly writers: readonly { readonly writer: string; readonly signedPointer: string; readonly target: string | null }[];
    /** Linked blocks that are not in the backup, because they were not there. */
    readonly missing?: readonly string[];
  }[];
  readonly login: readonly LoginRecord[];
  readonly pendingLogin: readonly StagedLoginRecord[];
  readonly mfa: readonly FactorRecord[];
  readonly bats: readonly { readonly username: string; readonly id: string; readonly idCbor: string; readonly batCbor: string }[];
  readonly followRequests: readonly { readonly ownerUsername: string; readonly request: string }[];
  readonly linkCounts: readonly {
    readonly username: string;
    readonly label: string;
    readonly count: number;
    readonly modifiedEpochSeconds: number;
  }[];
  readonly quotas: readonly { readonly username: string; readonly bytes: number }[];
  readonly signupTokens: readonly { readonly token: string; readonly createdMillis: number }[];
  readonly spaceRequests: readonly { readonly username: string; readonly signedRequest: string }[];
  readonly usage: readonly { readonly username: string; readonly totalBytes: number; readonly errored: boolean }[];
  readonly serverIdentities: readonly { readonly peerId: string; readonly privateKey: string | null; readonly record: string | null }[];
  readonly serverMessages: readonly {
    readonly username: string;
    readonly id: number;
    readonly type: number;
    readonly sent: number;
    readonly received: number;
    readonly body: string;
    readonly replyTo: number | null;
    readonly dismissed: boolean;
  }[];
}

/** Everything that a server stores but its blocks (chapter 08 section 20). PyrgosError `storage` when a part is missing. */
export async function collectState(options: CollectStateOptions): Promise<CollectedState> {
  const { clock, crypto, db, version } = options;
  const accounts = new AccountRecords(db);
  const users = new UserTable(db);
  const names = users.names();
  const quotas = new QuotaTable(db);
  const tokens = new TokenTable({ db, clock, hasher: crypto, random: crypto });
  const ids = new ServerIdTable(db).all();
  return {
    format: BACKUP_FORMAT,
    dumpedAt: `${new Date(clock.now()).toISOString().slice(0, 19)}Z`,
    server: { version, ids: { IDS: ids.filter(({ isListed }) => isListed).map(({ peerId }) => peerId.toString()) } },
    pki: await collectPki(options),
    owners: collectOwners(db, names),
    login: [...accounts.loginRecords()],
    pendingLogin: [...accounts.stagedLoginRecords()],
    mfa: [...accounts.factorRecords()],
    bats: collectBats(db),
    followRequests: collectFollowRequests(db),
    linkCounts: collectLinkCounts(db),
    quotas: quotas.list().map(({ name, bytes }) => ({ username: name, bytes })),
    signupTokens: tokens.list().map(({ token, created }) => ({ token, createdMillis: created })),
    spaceRequests: collectSpaceRequests(db),
    usage: names.map((username) => {
      const user = users.find(username);
      return { username, totalBytes: user?.totalBytes ?? 0, errored: user?.isErrored ?? false };
    }),
    serverIdentities: ids
      .filter(({ record, privateKey }) => record !== undefined || privateKey !== undefined)
      .map(({ peerId, privateKey, record }) => ({
        peerId: encodeBase64(peerId.multihash.bytes),
        privateKey: privateKey === undefined ? null : encodeBase64(privateKey),
        record: record === undefined ? null : encodeBase64(record),
      })),
    serverMessages: collectMessages(db),
  };
}

async function collectPki({ db, files }: CollectStateOptions): Promise<CollectedState['pki']> {
  const index = new ChainIndex(db);
  const state = index.state();
  const [secrets, publicKey, secretKey] = [await files.readSecrets(), await files.readPublicKey(), await files.readSecretKey()];
  if (state?.shown === undefined || secrets === undefined || publicKey === undefined || secretKey === undefined) {
    throw new PyrgosError(
      'storage',
      'The PKI of this server is not complete. Start the server once or, if keys were lost, bring the folder "pki" back from an older backup; then back it up.',
    );
  }
  return {
    peergosIdentity: state.identity.toString(),
    pkiKeyHash: state.pkiKey.toString(),
    peergosPassword: secrets.identityPassword,
    pkiPublicKeyFile: encodeBase64(publicKey.encode()),
    pkiSecretKeyFile: encodeBase64(secretKey.encode()),
    pkiSecretKeyFilePassword: secrets.keyPassword,
    treeRoot: state.shown.root.toString(),
    chains: Object.fromEntries(index.usernames().map((name) => [name, encodeBase64(encodeChain(index.chainOf(name)))])),
  };
}

function collectOwners(db: SqlDatabase, names: readonly string[]): CollectedState['owners'] {
  const [users, writers, pointers, index] = [new UserTable(db), new WriterTable(db), new PointerTable(db), new ChainIndex(db)];
  return names.flatMap((username) => {
    const [user, identity] = [users.find(username), index.identityOf(username)];
    if (user === undefined || identity === undefined) return [];
    const own = Array.from(writers.ofUser(user.id), ({ writer }) => ({ writer, signed: pointers.get(writer) }));
    const withPointer = own.flatMap(({ writer, signed }) => (signed === undefined ? [] : [{ writer, signed }]));
    return [
      {
        username,
        identity: identity.toString(),
        writers: withPointer.map(({ writer, signed }) => ({
          writer: writer.toString(),
          signedPointer: encodeBase64(signed),
          target: PointerUpdate.decodeVerifiedBefore(signed).updated?.toString() ?? null,
        })),
      },
    ];
  });
}

function collectBats(db: SqlDatabase): CollectedState['bats'] {
  const table = new BatTable(db);
  const owners = db.prepare('SELECT DISTINCT username FROM bats ORDER BY username').all();
  return owners.flatMap((row) => {
    const username = readText(row, 'username');
    return table.list(username).map(({ bat, id }) => ({
      username,
      id: id.cid.toString(),
      idCbor: encodeBase64(id.encode()),
      batCbor: encodeBase64(bat.encode()),
    }));
  });
}

function collectFollowRequests(db: SqlDatabase): CollectedState['followRequests'] {
  const table = new FollowRequestTable(db);
  const recipients = db.prepare('SELECT DISTINCT name FROM follow_requests ORDER BY name').all();
  return recipients.flatMap((row) => {
    const ownerUsername = readText(row, 'name');
    return table.list(ownerUsername).map((request) => ({ ownerUsername, request: encodeBase64(request) }));
  });
}

function collectLinkCounts(db: SqlDatabase): CollectedState['linkCounts'] {
  const rows = db.prepare('SELECT username, CAST(label AS TEXT) AS label, count, modified FROM linkcounts ORDER BY username, label').all();
  return rows.map((row) => ({
    username: readText(row, 'username'),
    label: readText(row, 'label'),
    count: readInteger(row, 'count'),
    modifiedEpochSeconds: readInteger(row, 'modified'),
  }));
}

function collectSpaceRequests(db: SqlDatabase): CollectedState['spaceRequests'] {
  const rows = db.prepare('SELECT name, request FROM space_requests ORDER BY name').all();
  return rows.map((row) => ({ username: readText(row, 'name'), signedRequest: encodeBase64(readBytes(row, 'request')) }));
}

function collectMessages(db: SqlDatabase): CollectedState['serverMessages'] {
  const rows = db
    .prepare('SELECT id, name, type, sent, received, CAST(body AS TEXT) AS body, prior_id, is_dismissed FROM messages ORDER BY id')
    .all();
  return rows.map((row) => ({
    username: readText(row, 'name'),
    id: readInteger(row, 'id'),
    type: readInteger(row, 'type'),
    sent: readInteger(row, 'sent'),
    received: readInteger(row, 'received'),
    body: readText(row, 'body'),
    replyTo: readInteger(row, 'prior_id') < 0 ? null : readInteger(row, 'prior_id'),
    dismissed: readInteger(row, 'is_dismissed') === 1,
  }));
}
