import type { UserStaticData } from '@pyrgos/core/accounts';
import { DeniedError, FormatError, PyrgosError } from '@pyrgos/core/errors';
import {
  type BoxingKeyPair,
  BoxingKeyType,
  type PublicSigningKey,
  resolveSigningKey,
  type ScryptSecretGeneration,
  type Signer,
  SigningPrivateKeyAndPublicHash,
  type SymmetricKey,
} from '@pyrgos/core/keys';
import { EntryPoints } from '@pyrgos/core/model';
import type { ClientContext } from './client-context.js';
import type { PublishedAccount } from './find-account.js';
import { chainKeyLookup } from './key-lookup.js';
import type { LoginKeys } from './login-keys.js';

/** The keys in login data, checked against what the account has published. */
export interface OpenedLogin {
  readonly entryPoints: EntryPoints;
  readonly identity: Signer;
  /** Undefined when nobody has it: the account that owns the names of a network was made without keeping it (chapter 05 section 1.2). */
  readonly boxing: BoxingKeyPair | undefined;
  /** Whether `WriterData.inbound` names this boxing key, or no key at all. */
  readonly isBoxingPublished: boolean;
  /**
   * Whether the login data is older than what the account has published: a boxing key from before the upgrade, which is never taken back.
   * The server has kept it, by mistake or by malice.
   */
  readonly isOutdated: boolean;
}

/** An account whose login data was opened. */
export interface Login extends OpenedLogin {
  readonly account: PublishedAccount;
  readonly algorithm: ScryptSecretGeneration;
  readonly rootKey: SymmetricKey;
  /** The public login key. */
  readonly loginKey: PublicSigningKey;
  /** The login data as the server keeps it. */
  readonly sealed: UserStaticData;
}

/** The text for everything that a wrong password can be the reason of (chapter 05 section 4.3). */
const WRONG_PASSWORD = 'Incorrect username or password';

/** Whether an error says that the password (or the username) is wrong. */
export function isWrongPassword(error: unknown): boolean {
  return error instanceof PyrgosError && error.code === 'denied.login' && error.data['reason'] === 'password';
}

/** Opens entry points; whatever is wrong with them is a DeniedError `denied.login` {@link WRONG_PASSWORD} (chapter 05 section 4.3). */
export function openEntryPoints(context: ClientContext, rootKey: SymmetricKey, sealed: UserStaticData): EntryPoints {
  try {
    return EntryPoints.open(context.crypto, rootKey, sealed);
  } catch (error) {
    if (error instanceof PyrgosError) throw new DeniedError('denied.login', WRONG_PASSWORD, { reason: 'password' });
    throw error;
  }
}

/**
 * Takes the keys of an account out of its opened login data (chapter 05 section 10.1 steps 5 and 8). What the root key opens was written by
 * somebody who knows the password, so this is where a server that shows another identity than the user's is found out: DeniedError
 * `denied.chain`. FormatError when keys are missing.
 */
export async function checkLogin(
  context: ClientContext,
  account: PublishedAccount,
  keys: Pick<LoginKeys, 'login' | 'boxing'> | undefined,
  entryPoints: EntryPoints,
  signal?: AbortSignal,
): Promise<OpenedLogin> {
  const { crypto, network } = context;
  const isLegacy = account.writerData.static !== undefined;
  const pair = isLegacy ? keys?.login : entryPoints.identity;
  if (pair === undefined) throw new FormatError('format.account', 'EntryPoints.i', 'is missing');
  const published = await resolveSigningKey(account.identity, chainKeyLookup(crypto, network.blocks, account.identity, signal));
  if (!published.equals(pair.publicKey)) {
    throw new DeniedError('denied.chain', 'The server shows another identity for this user than the one behind the password.', {
      username: account.username,
    });
  }
  const boxing = entryPoints.boxer ?? keys?.boxing;
  if (boxing === undefined && !isLegacy) throw new FormatError('format.account', 'EntryPoints.b', 'is missing');
  const { inbound } = account.writerData;
  const isBoxingPublished = boxing !== undefined && (inbound === undefined || inbound.equals(boxing.publicKey.hash(crypto)));
  return {
    entryPoints,
    identity: SigningPrivateKeyAndPublicHash.of(account.identity, pair.secretKey),
    boxing,
    isBoxingPublished,
    // Only hybrid keys are not inside their hashes (section 1.1).
    isOutdated:
      boxing !== undefined && !isBoxingPublished && boxing.publicKey.type !== BoxingKeyType.hybrid && inbound?.inlineKey === undefined,
  };
}
