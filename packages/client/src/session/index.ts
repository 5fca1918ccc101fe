export { Account } from './account.js';
export { approveSpaceRequest, type PendingSpaceRequest, pendingSpaceRequests } from './administration.js';
export type { CallOptions } from './call-options.js';
export { changePassword, type ChangePasswordOptions } from './change-password.js';
export type { ClientOptions } from './client-context.js';
export type { ConversionOptions } from './convert-legacy.js';
export { deleteAccount, type DeleteAccountOptions, finishDeletion } from './delete-account.js';
export type { SecondFactorOptions } from './fetch-login-data.js';
export { fingerprintKeys, fingerprintOf, type FingerprintParty } from './fingerprints.js';
export { decodeFriendAnnotations, encodeFriendAnnotations, type FingerprintKeys, FriendAnnotation } from '@pyrgos/core/social';
export {
  IDENTITY_PROOF_MIME_TYPE,
  IdentityLinkProof,
  type IdentityLinkProofParts,
  openEncryptedPost,
  publicProofUrl,
  secretProofUrl,
} from './identity-link-proof.js';
export { IdentityLink, type ParsedPost, parseIdentityPost, type ServiceAccount } from './identity-link.js';
export { IdentityService } from './identity-service.js';
export { IndexedDbLocalStore } from './indexed-db-local-store.js';
export { keyStoreOf } from './key-store-file.js';
export { type LocalStore, MemoryLocalStore } from './local-store.js';
export { logIn, type LogInOptions } from './log-in.js';
export type { LoginCost } from './login-keys.js';
export { ensureCurrentHost, mirrorLoginData, renewClaim } from './own-claim.js';
export { PaidSignUp } from './paid-sign-up.js';
export { generatePassphrase, PASSPHRASE_WORDS } from './passphrase.js';
export { PasswordPolicy, type PasswordProblem, type PasswordStrength } from './password-policy.js';
export { upgradeBoxingKey, type UpgradeOptions } from './post-quantum.js';
export type { ProofOptions } from './proof-of-work.js';
export {
  answerAsMount,
  answerWithCode,
  answerWithSecurityKey,
  type SecondFactorPrompt,
  type SecondFactorQuestion,
} from './second-factor-prompt.js';
export { NewFactor, NewTotp } from './new-factor.js';
export { secondFactors, SecondFactors } from './second-factors.js';
export {
  type BrowserCredentials,
  browserSecurityKeys,
  type CreatedCredential,
  type SecurityKeyCreation,
  type SecurityKeyQuestion,
  type SecurityKeys,
  type SignedChallenge,
} from './security-key.js';
export { signUp, type SignUpOptions } from './sign-up.js';
export { AccountSpace, paymentPage, space, type SpaceWish } from './space.js';
export { logOut, restoreSession, type RestoreOptions, sealSession, stayLoggedIn } from './stay-logged-in.js';
export { type KeyStoreFile, TofuKeyStore, type TofuKeyStoreOptions, type UserDirectory } from './tofu-key-store.js';
export { totpCode, totpUri } from './totp.js';
export type { Chain } from './user-chain.js';
export { type SafetyNumber, safetyNumberWith, verifyIdentityProof } from './verified-users.js';
