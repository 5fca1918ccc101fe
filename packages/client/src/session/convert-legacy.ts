import { addMonths, compareExpiry, LoginData, UserPublicKeyLink } from '@pyrgos/core/accounts';
import { DeniedError, PyrgosError } from '@pyrgos/core/errors';
import { OwnerProof, type PublicKeyHash, type Signer, SigningKeyPair } from '@pyrgos/core/keys';
import { EntryPoint, EntryPoints, OwnedKeys, type WriterData, type WriterDataChanges } from '@pyrgos/core/model';
import { type Committer, createChildWriter, type WriteSession, writerDataOf } from '../commit/index.js';
import { type Account, contextOf } from './account.js';
import { CLAIM_MONTHS } from './build-sign-up.js';
import type { DerivedKeys } from './log-in.js';
import { ownedBy } from './open-home.js';
import type { Login } from './open-login.js';
import { submitChain } from './submit-chain.js';
import { today } from './today.js';
import { lastLink } from './user-chain.js';

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
 * PyrgosError `unsupported`, and nothing is changed, when the key of an owned writer is not at hand.
 */
export async function convertLegacyAccount(
  account: Account,
  login: Login,
  { algorithm, keys }: DerivedKeys,
  { ownedWriters = [], signal }: ConversionOptions & { readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const context = contextOf(account);
  const { crypto, clock, sessions, network } = context;
  const { identity: old, username, boxing } = account;
  const next = SigningKeyPair.generate(crypto);
  const signers = [account.homeWriter, ...ownedWriters];
  const session = sessions.of(old.publicKeyHash);
  const abandoned = await abandonedIdentities(session, old.publicKeyHash, signal);
  await session.update(
    [old.publicKeyHash],
    async (snapshot, committer) => {
      const before = writerDataOf(snapshot, old.publicKeyHash);
      // First, because it refuses what cannot be converted.
      const owned = await reprovedKeys(committer, before, next.signer, signers, abandoned);
      const created = await createChildWriter(committer, snapshot, old, next.signer);
      const sink = committer.blocks.sinkFor(next.publicKey.hash);
      // Under the new owner, too: servers may look for it there.
      if (boxing.publicKey.hash(crypto).inlineKey === undefined) sink.putCbor(boxing.publicKey.encode());
      const { public: publicFiles, tree, links } = before;
      const taken = { algorithm, inbound: boxing.publicKey.hash(crypto), public: publicFiles, tree, links, ...owned };
      return committer.commit(created, next.signer, writerDataOf(created, next.publicKey.hash).with(taken));
    },
    { signal },
  );

  const entries = login.entryPoints.entries.map((entry) =>
    entry.ownerName === username ? EntryPoint.of(ownedBy(entry.capability, next.publicKey.hash), username) : entry,
  );
  const entryPoints = EntryPoints.of(entries, { boxer: boxing, identity: next });
  const data = LoginData.of(username, entryPoints.seal(crypto, keys.rootKey), keys.login.publicKey);
  // Signed by the old identity: it is the one that the name still has.
  if (!(await network.accounts.setLogin(data, old, signal === undefined ? {} : { signal }))) {
    throw new DeniedError('denied.login', 'The server has not stored the new login data.');
  }

  await submitChain(
    context,
    username,
    (chain) => {
      const { claim } = lastLink(chain);
      const expiry = addMonths(today(clock), CLAIM_MONTHS);
      const later = compareExpiry(claim.expiry, expiry) > 0 ? claim.expiry : expiry;
      return UserPublicKeyLink.createChain(crypto, old, next.signer, username, later, claim.storageProviders);
    },
    { signal },
  );
}

/**
 * The identities that conversions which were cut off have left behind: owned writers with a login algorithm, which only identities have.
 * Nobody has their keys.
 */
async function abandonedIdentities(session: WriteSession, old: PublicKeyHash, signal: AbortSignal | undefined): Promise<Set<string>> {
  const before = writerDataOf(await session.read(old, { fresh: true, signal }), old);
  const context = signal === undefined ? { owner: old } : { owner: old, signal };
  const abandoned = new Set<string>();
  for await (const { ownedKey } of OwnedKeys.open(before.owned, session, context).list()) {
    const version = (await session.read(ownedKey, { signal })).get(ownedKey);
    if (version?.writerData?.algorithm !== undefined) abandoned.add(ownedKey.key);
  }
  return abandoned;
}

/** The owned and named keys of the old identity with proofs that name the new one. */
async function reprovedKeys(
  committer: Committer,
  before: WriterData,
  next: Signer,
  signers: readonly Signer[],
  abandoned: ReadonlySet<string>,
): Promise<Pick<WriterDataChanges, 'owned' | 'named'>> {
  const { crypto, blocks, context } = committer;
  const owner = next.publicKeyHash;
  const reproved = (key: PublicKeyHash): OwnerProof => {
    const signer = signers.find(({ publicKeyHash }) => publicKeyHash.equals(key));
    if (signer !== undefined) return OwnerProof.create(crypto, signer, owner);
    throw new PyrgosError('unsupported', 'The account owns a writer whose key is needed to convert it.', {
      data: { writer: key.toString() },
    });
  };
  const sink = blocks.sinkFor(owner);
  const owned = OwnedKeys.empty(blocks, context);
  for await (const { ownedKey } of OwnedKeys.open(before.owned, blocks, context).list()) {
    if (!abandoned.has(ownedKey.key)) await owned.add(reproved(ownedKey), sink);
  }
  const named = new Map([...before.named].map(([name, proof]) => [name, reproved(proof.ownedKey)]));
  return { owned: owned.flush(sink), named };
}
