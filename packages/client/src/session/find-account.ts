import { isWireUsername, MAX_USERNAME_SIZE } from '@pyrgos/core/accounts';
import { ArgumentError, NotFoundError } from '@pyrgos/core/errors';
import type { PublicKeyHash } from '@pyrgos/core/keys';
import type { CommittedWriterData, WriterData } from '@pyrgos/core/model';
import type { ClientContext } from './client-context.js';
import { type Chain, identityOf } from './user-chain.js';

/** What everybody can learn about an account, verified. */
export interface PublishedAccount {
  readonly username: string;
  readonly chain: Chain;
  readonly identity: PublicKeyHash;
  /** The current version of the identity's data. */
  readonly version: CommittedWriterData;
  readonly writerData: WriterData;
}

/**
 * The name as accounts have it: without blanks around it and in lower case, because it is part of the key derivation (chapter 05 section
 * 2). ArgumentError when no account can have it.
 */
export function normaliseUsername(text: string): string {
  const username = typeof text === 'string' ? text.trim().toLowerCase() : text;
  if (isWireUsername(username)) return username;
  const problem = `cannot be that of an account: user names have 1 to ${MAX_USERNAME_SIZE} letters, digits and other ASCII characters, no blanks and no /`;
  throw new ArgumentError('username', problem, { reason: 'username' });
}

/**
 * Looks an account up (chapter 05 section 10.1 steps 1 to 3): chain, pointer and data of the identity, all fresh and verified. NotFoundError
 * `not-found.user` when there is none or it was deleted; DeniedError for forgeries (`denied.chain`, `denied.pointer`, `denied.stale`).
 * When the server is away, what this device remembers answers; not with `current`, then it is a `network` error.
 */
export async function findAccount(
  context: ClientContext,
  username: string,
  signal?: AbortSignal,
  { current = false }: { readonly current?: boolean | undefined } = {},
): Promise<PublishedAccount> {
  const chain = await context.chains.get(username, signal, { current });
  const identity = identityOf(chain);
  const snapshot = await context.sessions.of(identity).read(identity, { fresh: true, current, signal });
  const version = snapshot.get(identity);
  if (version?.writerData === undefined) {
    // A deleted account leaves an empty pointer; before the end of a sign-up there is none.
    if (!(await context.sessions.of(identity).hasPointer(identity, { signal }))) {
      throw new NotFoundError('not-found.user', 'This account is just being made, or its sign-up was cut off. Try again in a moment.', {
        username,
        deleted: false,
      });
    }
    throw new NotFoundError('not-found.user', 'User has been deleted. Did you mean a different username?', { username, deleted: true });
  }
  return { username, chain, identity, version, writerData: version.writerData };
}
