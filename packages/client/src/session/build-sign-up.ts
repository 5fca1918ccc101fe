import { addMonths, LoginData, OpLog, UserPublicKeyLink } from '@pyrgos/core/accounts';
import type { Cid } from '@pyrgos/core/codec';
import {
  Bat,
  type BatId,
  BoxingKeyPair,
  PublicKeyHash,
  type ScryptSecretGeneration,
  SigningKeyPair,
  SignedRequest,
} from '@pyrgos/core/keys';
import { type AbsoluteCapability, EntryPoint, EntryPoints, WriterData } from '@pyrgos/core/model';
import { createChildWriter } from '../commit/index.js';
import { OperationView, Sessions } from '../files/view/index.js';
import { createRoot } from '../files/structure/index.js';
import type { ClientContext } from './client-context.js';
import type { LoginKeys } from './login-keys.js';
import { RecordingStores } from './recording-stores.js';
import { today } from './today.js';

/** The call that adds a mirror BAT: what its signature in the log is for (chapter 05 section 12.2). */
const ADD_BAT = 'peergos/v0/bats/addBat';
/** Months for which a username is claimed (chapter 05 section 12.4). */
export const CLAIM_MONTHS = 2;

/** Who signs up, and with what. */
export interface SignUpParts {
  readonly username: string;
  readonly algorithm: ScryptSecretGeneration;
  readonly keys: LoginKeys;
  readonly identity: SigningKeyPair;
  /** The current id of the home server. */
  readonly server: Cid;
}

/** Everything that a sign-up sends. */
export interface BuiltSignUp {
  readonly link: UserPublicKeyLink;
  readonly log: OpLog;
}

/** The claim of a new name, for two months. */
export function claimOf({ crypto, clock }: Pick<ClientContext, 'crypto' | 'clock'>, parts: SignUpParts): UserPublicKeyLink {
  const expiry = addMonths(today(clock), CLAIM_MONTHS);
  return UserPublicKeyLink.createInitial(crypto, parts.identity.signer, parts.username, expiry, [parts.server]);
}

/**
 * Builds a new account without sending anything (chapter 05 sections 12.4 and 12.5): the identity with its hybrid boxing key, the home
 * writer with the home directory and its special directories, the login data and the mirror BAT.
 */
export async function buildSignUp(context: ClientContext, parts: SignUpParts, signal?: AbortSignal): Promise<BuiltSignUp> {
  const { crypto, clock } = context;
  const { username, identity, keys } = parts;
  const boxing = BoxingKeyPair.generateHybrid(crypto);
  const mirrorBat = Bat.generate(crypto).withMirrorId(crypto);
  const recorded = await recordAccount(context, parts, boxing, mirrorBat.id, signal);
  const entryPoints = EntryPoints.of([EntryPoint.of(recorded.home, username)], { boxer: boxing, identity });
  const data = LoginData.of(username, entryPoints.seal(crypto, keys.rootKey), keys.login.publicKey);
  const log = OpLog.of(recorded.operations, {
    login: { data, auth: data.sign(crypto, identity.secretKey) },
    mirrorBat: { bat: mirrorBat, auth: SignedRequest.of(ADD_BAT, clock.now()).sign(crypto, identity.secretKey) },
  });
  return { link: claimOf(context, parts), log };
}

interface RecordedAccount {
  readonly operations: OpLog['operations'];
  readonly home: AbsoluteCapability;
}

/** Commits the account as if it existed, into a log instead of a server: one update of each of the two writers (section 12.5). */
async function recordAccount(
  context: ClientContext,
  { username, algorithm, identity }: SignUpParts,
  boxing: BoxingKeyPair,
  mirrorBatId: BatId,
  signal: AbortSignal | undefined,
): Promise<RecordedAccount> {
  const { crypto, clock } = context;
  const [owner, homeWriter] = [identity.signer, SigningKeyPair.generate(crypto).signer];
  const writers = [owner.publicKeyHash, homeWriter.publicKeyHash];
  const stores = new RecordingStores();
  const sessions = new Sessions({ stores, crypto, clock });
  const { result: home } = await sessions.of(owner.publicKeyHash).compute(
    writers,
    async (start, committer) => {
      const sink = committer.blocks.sinkFor(owner.publicKeyHash);
      const inbound = PublicKeyHash.fromCid(sink.putCbor(boxing.publicKey.encode()));
      const first = await committer.commit(start, owner, WriterData.of(owner.publicKeyHash, { algorithm, inbound }));
      const operation = new OperationView(sessions, committer, await createChildWriter(committer, first, owner, homeWriter), { signal });
      const root = await createRoot(operation, { username, signer: homeWriter, mirrorBatId, clock });
      return { snapshot: operation.snapshot, result: root };
    },
    { signal },
  );
  return { operations: stores.operationsOf(writers), home };
}
