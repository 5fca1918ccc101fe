import { addMonths, compareExpiry, LoginData, UserPublicKeyLink, type UserStaticData } from '@pyrgos/core/accounts';
import { ConflictError, DeniedError, PyrgosError } from '@pyrgos/core/errors';
import {
  type BoxingKeyPair,
  OwnerProof,
  type PublicKeyHash,
  type ScryptSecretGeneration,
  type Signer,
  SigningKeyPair,
} from '@pyrgos/core/keys';
import { EntryPoint, EntryPoints, OwnedKeys, type WriterData, type WriterDataChanges } from '@pyrgos/core/model';
import { type Committer, createChildWriter, type WriteSession, writerDataOf } from '../commit/index.js';
import { type Account, contextOf } from './account.js';
import { CLAIM_MONTHS } from './build-sign-up.js';
import type { ClientContext } from './client-context.js';
import { withLegacyLoginData } from './legacy-login-data.js';
import type { DerivedKeys } from './log-in.js';
import { isAnswerLost } from './online-state.js';
import { ownedBy } from './open-home.js';
import type { Login } from './open-login.js';
import { publishLogin } from './publish-login.js';
import { submitChain } from './submit-chain.js';
import { today } from './today.js';
import { identityOf, lastLink } from './user-chain.js';

/** What a conversion may need. */
export interface ConversionOptions {
  /** The keys of writers that the identity owns besides the home writer, whose owner has to be changed. */
  readonly ownedWriters?: readonly Signer[] | undefined;
}

/**
 * Turns a legacy account into a modern one (chapter 05 section 13.2): a new random identity takes over what the password-derived one owns,
 * the login data moves to the server under the new password, and the chain hands the name over. Up to the last step the old password opens
 * the account as it was, and a conversion that was cut off can be started again.
 *
 * PyrgosError `unsupported`, and nothing is changed, when the key of an owned writer is not at hand. ConflictError when another device converts the account,
 * or changes its keys, at the same time: one of them comes through.
 *
 * Takes the keys of the new password under two salts: the account gets the first ones with the new identity, and the others as soon as that has the
 * name. Resolves to those that it has, as far as this device knows.
 */
export async function convertLegacyAccount(
  account: Account,
  login: Login,
  [first, last]: readonly [DerivedKeys, DerivedKeys],
  { ownedWriters = [], signal }: ConversionOptions & { readonly signal?: AbortSignal | undefined },
): Promise<DerivedKeys> {
  const context = contextOf(account);
  const { algorithm, keys } = first;
  const { crypto, network } = context;
  const { identity: old, username } = account;
  // What the account has now; the session may be older.
  const boxing = login.boxing ?? account.boxing;
  const next = SigningKeyPair.generate(crypto);
  const claim = login.entryPoints.seal(crypto, login.rootKey);
  await createIdentity(
    context,
    { old, next: next.signer, signers: [account.homeWriter, ...ownedWriters], login, claim, algorithm, boxing },
    signal,
  );

  const entries = login.entryPoints.entries.map((entry) =>
    entry.ownerName === username ? EntryPoint.of(ownedBy(entry.capability, next.publicKey.hash), username) : entry,
  );
  const entryPoints = EntryPoints.of(entries, { boxer: boxing, identity: next });
  const data = LoginData.of(username, entryPoints.seal(crypto, keys.rootKey), keys.login.publicKey);
  await assertClaimed(context, old, claim, signal);
  await orConflict(context, username, old, async () => {
    // Signed by the old identity: it is the one that the name still has.
    if (await network.accounts.setLogin(data, old, signal === undefined ? {} : { signal })) return;
    throw new DeniedError('denied.login', 'The server has not stored the new login data.');
  });
  await assertClaimed(context, old, claim, signal);
  await orConflict(context, username, old, async () => handOver(context, username, old, next.signer, signal));
  return (await settle(context, { username, next, entryPoints, first, last, inbound: boxing.publicKey.hash(crypto) })) ? last : first;
}

/** A conversion whose name is handed over. */
interface HandedOver {
  readonly username: string;
  readonly next: SigningKeyPair;
  readonly entryPoints: EntryPoints;
  /** The keys that the account has now. */
  readonly first: DerivedKeys;
  /** Other keys of the same password. */
  readonly last: DerivedKeys;
  readonly inbound: PublicKeyHash;
}

/**
 * Stores the login data once more: another conversion, which has lost, may have stored its own since, and from now on only the new identity can.
 * It goes under another salt, because only what changes the identity's data can be compared with it: when another device has changed the password or
 * the boxing key meanwhile, what that one has stored stands. Resolves to whether the new salt is that of the account.
 */
async function settle(context: ClientContext, { username, next, entryPoints, first, last, inbound }: HandedOver): Promise<boolean> {
  const { algorithm, keys } = last;
  const sealed = entryPoints.seal(context.crypto, keys.rootKey);
  const login = { username, identity: next.signer, before: first.algorithm, inbound, algorithm, loginKey: keys.login.publicKey, sealed };
  try {
    // Not cancelled: the name is handed over.
    return await publishLogin(context, login);
  } catch (error) {
    // What was stored before stands, most likely: logging in shows it.
    if (!(error instanceof PyrgosError)) throw error;
    return false;
  }
}

/** What a new identity is made of. */
interface NewIdentity {
  readonly old: Signer;
  readonly next: Signer;
  /** The writers whose keys are at hand. */
  readonly signers: readonly Signer[];
  readonly login: Login;
  /** The old login data, sealed once more: whose it is has the latest conversion. */
  readonly claim: UserStaticData;
  readonly algorithm: ScryptSecretGeneration;
  readonly boxing: BoxingKeyPair;
}

/**
 * Commits the new identity under the old one, and the claim: the old login data under a new nonce opens as before, and tells conversions apart. ConflictError
 * `conflict.snapshot` when the login data is not the one that was opened any more.
 */
async function createIdentity(context: ClientContext, identity: NewIdentity, signal: AbortSignal | undefined): Promise<void> {
  const { crypto, sessions } = context;
  const { old, next, login, claim, algorithm, boxing } = identity;
  const owner = old.publicKeyHash;
  const session = sessions.of(owner);
  await session.read(owner, { current: true, signal });
  await session.update(
    [owner],
    async (snapshot, committer) => {
      const before = writerDataOf(snapshot, owner);
      if (!login.sealed.equals(before.static)) throw changedMeanwhile();
      // First, because it refuses what cannot be converted.
      const owned = await reprovedKeys(committer, session, before, identity);
      const claimed = await committer.commit(snapshot, old, withLegacyLoginData(before, claim));
      const created = await createChildWriter(committer, claimed, old, next);
      const sink = committer.blocks.sinkFor(next.publicKeyHash);
      // Under the new owner, too: servers may look for it there.
      if (boxing.publicKey.hash(crypto).inlineKey === undefined) sink.putCbor(boxing.publicKey.encode());
      const { public: publicFiles, tree, links } = before;
      const taken = { algorithm, inbound: boxing.publicKey.hash(crypto), public: publicFiles, tree, links, ...owned };
      return committer.commit(created, next, writerDataOf(created, next.publicKeyHash).with(taken));
    },
    { signal },
  );
}

/** Requires that no other conversion has begun, and no other device has changed the keys. ConflictError `conflict.snapshot`. */
async function assertClaimed(
  { sessions }: ClientContext,
  { publicKeyHash }: Signer,
  claim: UserStaticData,
  signal: AbortSignal | undefined,
): Promise<void> {
  const snapshot = await sessions.of(publicKeyHash).read(publicKeyHash, { current: true, signal });
  if (!claim.equals(writerDataOf(snapshot, publicKeyHash).static)) throw changedMeanwhile();
}

function changedMeanwhile(): ConflictError {
  return new ConflictError(
    'conflict.snapshot',
    'Another device changes the password or the keys of the account at the same time. Log in again.',
  );
}

/** Hands the name over to the new identity. Errors of `submitChain`. */
async function handOver(
  context: ClientContext,
  username: string,
  old: Signer,
  next: Signer,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { clock, crypto } = context;
  await submitChain(
    context,
    username,
    (chain) => {
      const { claim } = lastLink(chain);
      const expiry = addMonths(today(clock), CLAIM_MONTHS);
      const later = compareExpiry(claim.expiry, expiry) > 0 ? claim.expiry : expiry;
      return UserPublicKeyLink.createChain(crypto, old, next, username, later, claim.storageProviders);
    },
    { signal },
  );
}

/** Runs what is refused when the name has gone to another identity: then it is a ConflictError `conflict.snapshot`, whatever the server says. */
async function orConflict(context: ClientContext, username: string, old: Signer, call: () => Promise<void>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof PyrgosError) || error.code === 'aborted' || isAnswerLost(error)) throw error;
    if (identityOf(await context.chains.get(username)).equals(old.publicKeyHash)) throw error;
    throw changedMeanwhile();
  }
}

/**
 * The owned and named keys of the old identity with proofs that name the new one. Identities that conversions which were cut off have left
 * behind, owned writers with a login algorithm, are not taken along: nobody has their keys.
 */
async function reprovedKeys(
  committer: Committer,
  session: WriteSession,
  before: WriterData,
  { next, signers }: NewIdentity,
): Promise<Pick<WriterDataChanges, 'owned' | 'named'>> {
  const { crypto, blocks, context } = committer;
  const owner = next.publicKeyHash;
  const reproved = (key: PublicKeyHash): OwnerProof | undefined => {
    const signer = signers.find(({ publicKeyHash }) => publicKeyHash.equals(key));
    return signer === undefined ? undefined : OwnerProof.create(crypto, signer, owner);
  };
  const unknown = (key: PublicKeyHash): PyrgosError =>
    new PyrgosError('unsupported', 'The account owns a writer whose key is needed to convert it.', { data: { writer: key.toString() } });
  const sink = blocks.sinkFor(owner);
  const owned = OwnedKeys.empty(blocks, context);
  for await (const { ownedKey } of OwnedKeys.open(before.owned, blocks, context).list()) {
    const proof = reproved(ownedKey);
    if (proof !== undefined) await owned.add(proof, sink);
    else if (!(await isIdentity(session, ownedKey, context.signal))) throw unknown(ownedKey);
  }
  const named = new Map<string, OwnerProof>();
  for (const [name, { ownedKey }] of before.named) {
    const proof = reproved(ownedKey);
    if (proof === undefined) throw unknown(ownedKey);
    named.set(name, proof);
  }
  return { owned: owned.flush(sink), named };
}

async function isIdentity(session: WriteSession, writer: PublicKeyHash, signal: AbortSignal | undefined): Promise<boolean> {
  const version = (await session.read(writer, { signal })).get(writer);
  return version?.writerData?.algorithm !== undefined;
}
