import { decodeLibp2pPrivateKey, encodeLibp2pPrivateKey, IpnsEntry, peerIdOf, ResolutionRecord } from '@pyrgos/core/api';
import { Cid, CidCodec, Multihash } from '@pyrgos/core/codec';
import type { CryptoProvider } from '@pyrgos/core/crypto';
import { ArgumentError, NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import { SigningKeyPair } from '@pyrgos/core/keys';
import { IPNS_RENEWAL_MILLISECONDS, MAX_SERVER_IDS } from '../limits.js';
import type { Clock } from '../ports/clock.js';
import type { ServerIds } from '../ports/server-ids.js';
import type { IpnsService } from '../services.js';
import type { SqlDatabase } from '../sql/sql-database.js';
import { type ServerIdRow, ServerIdTable } from './server-id-table.js';

/** The id that means "whoever is asked" (chapter 05 section 16.6). */
export const ZERO_SERVER_ID: Cid = Cid.v1(CidCodec.libp2pKey, Multihash.sha256(new Uint8Array(32)));

/** What {@link ServerIdentity} needs. */
export interface ServerIdentityOptions {
  readonly db: SqlDatabase;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
}

/** An id of another server that this one succeeds. */
export interface ImportedIdentity {
  readonly peerId: Cid;
  /** libp2p form. */
  readonly privateKey?: Uint8Array;
  /** Protobuf of its IPNS record. */
  readonly record?: Uint8Array;
}

/**
 * The ids of this server and their IPNS records (chapter 08 section 9). A new server makes an Ed25519 key; a server whose state was imported
 * goes on with exactly the ids that its users' claims name, even when nobody has their keys.
 */
export class ServerIdentity implements ServerIds, IpnsService {
  private constructor(
    private readonly options: ServerIdentityOptions,
    private readonly table: ServerIdTable,
    readonly all: readonly Cid[],
    readonly current: Cid,
    /** The multihashes of all rows, listed or not, and of the zero id. */
    private readonly ours: ReadonlySet<string>,
  ) {}

  /** Loads the ids, makes the first one if there is none, and signs anew what expires soon. Durable when it resolves. */
  static async open(options: ServerIdentityOptions): Promise<ServerIdentity> {
    const table = new ServerIdTable(options.db);
    options.db.transaction(() => {
      if (table.all().length === 0) table.add(newIdentity(options));
    });
    const rows = table.all();
    const listed = rows.filter(({ isListed }) => isListed).map(({ peerId }) => peerId);
    const current = listed.at(-1);
    if (current === undefined) throw new PyrgosError('storage', 'This server has no id. Restore a backup.');
    const ours = new Set([ZERO_SERVER_ID, ...rows.map(({ peerId }) => peerId)].map(bareKey));
    const identity = new ServerIdentity(options, table, listed, current, ours);
    await identity.renewRecords();
    return identity;
  }

  /**
   * Replaces the ids of a server that was never started by those of an imported one. `ids`: what its `ids` call answered, oldest first;
   * `identities`: keys and records, which may belong to ids that are not in the list. FormatError and CryptoError for keys and records that do
   * not belong to their ids. Expired records are taken all the same.
   */
  static async importIds(options: ServerIdentityOptions, ids: readonly Cid[], identities: readonly ImportedIdentity[]): Promise<void> {
    if (ids.length === 0 || ids.length > MAX_SERVER_IDS) throw new ArgumentError('ids', `must be 1 to ${MAX_SERVER_IDS} ids`);
    if (identities.length > MAX_SERVER_IDS) throw new ArgumentError('identities', `must be at most ${MAX_SERVER_IDS}`);
    if (new Set(ids.map(bareKey)).size < ids.length) throw new ArgumentError('ids', 'must be different');
    const { db, crypto } = options;
    for (const identity of identities) checkImported(crypto, identity);
    const byKey = new Map(identities.map((identity) => [bareKey(identity.peerId), identity]));
    const listed = new Set(ids.map(bareKey));
    const table = new ServerIdTable(db);
    db.transaction(() => {
      table.clear();
      for (const identity of identities) if (!listed.has(bareKey(identity.peerId))) table.add(rowOf(identity, false));
      for (const peerId of ids) table.add(rowOf({ ...byKey.get(bareKey(peerId)), peerId }, true));
    });
    await db.durable();
  }

  isOurs(provider: Cid): boolean {
    return this.ours.has(bareKey(provider));
  }

  async get(id: Cid): Promise<{ readonly signature: Uint8Array; readonly data: Uint8Array }> {
    const find = (): ServerIdRow | undefined => this.table.all().find(({ peerId }) => bareKey(peerId) === bareKey(id));
    const row = find();
    if (row !== undefined && this.renew(row)) await this.options.db.durable();
    const record = find()?.record;
    if (record === undefined) throw new NotFoundError('not-found.key', 'No IPNS record of this id here.');
    const { signature, data } = IpnsEntry.decode(record);
    return { signature, data };
  }

  /** Signs all records anew that expire within six months; call it now and then. Durable when it resolves. */
  async renewRecords(): Promise<void> {
    this.options.db.transaction(() => {
      for (const row of this.table.all()) this.renew(row);
    });
    await this.options.db.durable();
  }

  /** Whether the record had to be signed anew. Without the private key that is not possible. */
  private renew({ row, privateKey, record }: ServerIdRow): boolean {
    const { crypto, clock } = this.options;
    if (privateKey === undefined) return false;
    const entry = record === undefined ? undefined : IpnsEntry.decode(record);
    if (entry !== undefined && entry.claimedEndOfLife - clock.now() >= IPNS_RENEWAL_MILLISECONDS) return false;
    const before = entry?.claimedRecord;
    const next = ResolutionRecord.of({
      sequence: (before?.sequence ?? 0) + 1,
      host: before?.host,
      moved: before?.moved ?? false,
      pointer: before?.pointer,
    });
    const { secretKey } = decodeLibp2pPrivateKey(crypto, privateKey);
    this.table.setRecord(row, IpnsEntry.sign(crypto, secretKey, next, clock.now()).encode());
    return true;
  }
}

/** Ids are compared by their multihash: version and codec vary (chapter 01 section 5.4). */
function bareKey(id: Cid): string {
  return String.fromCharCode(...id.multihash.bytes);
}

function newIdentity({ crypto, clock }: ServerIdentityOptions): Omit<ServerIdRow, 'row'> {
  const pair = SigningKeyPair.generate(crypto);
  const entry = IpnsEntry.sign(crypto, pair.secretKey, ResolutionRecord.of({ sequence: 1 }), clock.now());
  return { peerId: peerIdOf(pair.publicKey), privateKey: encodeLibp2pPrivateKey(pair), record: entry.encode(), isListed: true };
}

function rowOf({ peerId, privateKey, record }: ImportedIdentity, isListed: boolean): Omit<ServerIdRow, 'row'> {
  return { peerId, privateKey, record, isListed };
}

function checkImported(crypto: CryptoProvider, { peerId, privateKey, record }: ImportedIdentity): void {
  if (privateKey !== undefined && bareKey(peerIdOf(decodeLibp2pPrivateKey(crypto, privateKey).publicKey)) !== bareKey(peerId)) {
    throw new ArgumentError('privateKey', 'does not belong to the peer id');
  }
  if (record === undefined) return;
  const entry = IpnsEntry.decode(record);
  // Ids that are the hash of a key cannot judge their records, which are only passed on.
  if (peerId.isIdentity) entry.verify(crypto, peerId, 0);
}
