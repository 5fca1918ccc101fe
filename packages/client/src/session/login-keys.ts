import type { ComputationOptions, CryptoProvider } from '@pyrgos/core/crypto';
import { assertObject } from '@pyrgos/core/arguments';
import { assertInteger } from '@pyrgos/core/bytes';
import { ArgumentError, DeniedError } from '@pyrgos/core/errors';
import {
  BoxingKeyPair,
  Curve25519SecretKey,
  generateSalt,
  hashToKeyBytes,
  ScryptSecretGeneration,
  type SecretGenerationAlgorithm,
  SigningKeyPair,
  SymmetricKey,
} from '@pyrgos/core/keys';
import { MAX_SCRYPT_LOG_N, MIN_LOGIN_SCRYPT_LOG_N } from '@pyrgos/core/limits';

/** The only block size in use. */
const MIN_LOGIN_R = 8;
/** Bytes of one derived key. */
const KEY_SIZE = 32;

/** What a password gives (chapter 05 section 3.3). */
export interface LoginKeys {
  /** Authenticates `getLogin`; on a legacy account it is the identity. */
  readonly login: SigningKeyPair;
  /** Encrypts the login data. */
  readonly rootKey: SymmetricKey;
  /** The derived boxing pair of the legacy layout, else undefined. */
  readonly boxing: BoxingKeyPair | undefined;
}

/** Costs of key derivation that a user may choose. */
export interface LoginCost {
  /** log2 of scrypt's N, 17 to 20; default 17, which takes 128 MiB and about a second. */
  readonly logN?: number | undefined;
  /** scrypt's block size, 8 or more; nothing but the default 8 is in use. */
  readonly r?: number | undefined;
}

/** Requires costs that people may choose, or none. ArgumentError. */
export function assertLoginCost(cost: LoginCost | undefined): void {
  if (cost === undefined) return;
  assertObject('cost', cost);
  const { logN, r } = cost;
  if (logN !== undefined) assertInteger('cost.logN', logN, MIN_LOGIN_SCRYPT_LOG_N, MAX_SCRYPT_LOG_N);
  if (r !== undefined) assertInteger('cost.r', r, MIN_LOGIN_R, Number.MAX_SAFE_INTEGER);
}

/** The algorithm for a new password: the current default, or harder, with a fresh salt (chapter 05 sections 3.1 and 3.3). */
export function newLoginAlgorithm(crypto: CryptoProvider, cost: LoginCost = {}): ScryptSecretGeneration {
  const { logN = MIN_LOGIN_SCRYPT_LOG_N, r = MIN_LOGIN_R } = cost;
  const algorithm = ScryptSecretGeneration.of({ logN, r, length: 64, extraSalt: generateSalt(crypto) });
  return assertLoginAlgorithm(algorithm);
}

/**
 * Requires an algorithm with which people log in: scrypt, no cheaper than the protocol's default, with 64 or 96 bytes of output.
 * DeniedError `denied.login`. What is too expensive never gets here: reading the parameters refuses it.
 */
export function assertLoginAlgorithm(algorithm: SecretGenerationAlgorithm | undefined): ScryptSecretGeneration {
  if (algorithm === undefined) throw new DeniedError('denied.login', 'This account does not say how its password is used.');
  if (!(algorithm instanceof ScryptSecretGeneration)) throw new DeniedError('denied.login', 'This account has no password.');
  const { logN, r, length } = algorithm;
  if (logN < MIN_LOGIN_SCRYPT_LOG_N || r < MIN_LOGIN_R || length === KEY_SIZE) {
    throw new DeniedError('denied.login', 'The key derivation of this account is too weak for a password.', { logN, r, length });
  }
  return algorithm;
}

/**
 * Derives the keys of a password on another thread where there is one (chapter 05 section 3). The password is used as it is: nothing is
 * trimmed or normalised. DeniedError `denied.login` for an unfit algorithm, `denied.password` when the password is the username;
 * AbortedError.
 */
export async function deriveLoginKeys(
  crypto: CryptoProvider,
  username: string,
  password: string,
  algorithm: SecretGenerationAlgorithm | undefined,
  options: ComputationOptions = {},
): Promise<LoginKeys> {
  const scrypt = assertLoginAlgorithm(algorithm);
  assertNotUsername(username, password);
  const bytes = await hashToKeyBytes(crypto, username + scrypt.extraSalt, password, scrypt, options);
  try {
    const isLegacy = scrypt.length === 3 * KEY_SIZE;
    const key = (index: number): Uint8Array => bytes.subarray(index * KEY_SIZE, (index + 1) * KEY_SIZE);
    return {
      login: SigningKeyPair.fromSeed(crypto, key(0)),
      rootKey: SymmetricKey.of(key(isLegacy ? 2 : 1)),
      boxing: isLegacy ? BoxingKeyPair.of(crypto, Curve25519SecretKey.of(key(1))) : undefined,
    };
  } finally {
    bytes.fill(0);
  }
}

/** Requires text; otherwise an ArgumentError for `field`, which does not show it. */
export function assertPassword(field: string, password: unknown): asserts password is string {
  if (typeof password !== 'string') throw new ArgumentError(field, 'must be a string');
}

/** Refuses a password that is the username, before any work is done for it (chapter 05 section 3.2). DeniedError `denied.password`. */
export function assertNotUsername(username: string, password: string): void {
  if (password !== username) return;
  throw new DeniedError('denied.password', 'The password must not be the username.', { reason: 'equals-username' });
}
