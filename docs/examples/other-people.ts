import type { UserSession } from '@pyrgos/client';

/** Makes sure that the keys the server shows for a friend are theirs. Returns whether they are. */
export async function isReally({ identities }: UserSession, friend: string, ask: (question: string) => Promise<boolean>): Promise<boolean> {
  // 60 digits that the friend sees as well, when this is what both servers say and no one is in between.
  const number = await identities.safetyNumber(friend);
  if (number.status === 'verified') return true;
  const warning = number.status === 'changed' ? 'The keys of your friend have changed! ' : '';
  const isEqual = await ask(`${warning}Does ${friend} see ${number.fingerprint.display}?`);
  if (isEqual) await identities.setVerified(number);
  return isEqual;
}

/** Proves that an account on another service belongs to the user of a session. Returns the text to post there. */
export async function proveAccount({ identities, account }: UserSession, service: string, username: string): Promise<string> {
  const proof = await identities.signProof({ service, username });
  const { path } = await identities.saveProof(proof);
  // Where everybody can fetch `proof.encode()`, for instance on a web site of one's own.
  return proof.postText(account.crypto, `https://ada.example${path}`);
}
