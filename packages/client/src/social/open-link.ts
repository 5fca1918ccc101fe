import { assertString } from '@pyrgos/core/arguments';
import { isWireUsername } from '@pyrgos/core/accounts';
import { ArgumentError, DeniedError, NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import type { AbsoluteCapability, EncryptedCapability } from '@pyrgos/core/model';
import { type LinkView, parseSharedCapabilityLink, SecretLink } from '@pyrgos/core/social';
import { type Ancestry, ancestryOf, CommittedView, type Item, openItem } from '../files/view/index.js';
import type { Network } from '../network/index.js';
import type { FileSystemOptions } from '../files/file-system-options.js';
import { type CallOptions, checkedOptions } from '../session/call-options.js';
import { type ClientContext, type ClientOptions, createClientContext } from '../session/client-context.js';
import { identityOf } from '../session/user-chain.js';
import { callersCode } from '../waiting/code-of-callers.js';
import { given } from '../waiting/given.js';
import { untilAborted } from '../waiting/until-aborted.js';
import { LinkSession } from './link-session.js';
import { isWriterOf } from './owned-writer-check.js';

/** How files are shown that are opened without an account. */
export type SharedFileSettings = Pick<FileSystemOptions, 'thumbnailer' | 'chunksInFlight'>;

/** How a link is opened. */
export interface OpenLinkOptions extends CallOptions {
  /**
   * The password that belongs to the link, or who is asked for it; only where one is needed. A function is asked again, `attempt` counting from 1, when it has answered with a wrong one,
   * up to five times: that costs no further use of the link. Undefined gives up.
   */
  readonly password?: string | ((question: { readonly attempt: number }) => Promise<string | undefined> | string | undefined) | undefined;
}

/** Times that somebody is asked for a password. */
const PASSWORD_ATTEMPTS = 5;
/** How the text of a secret link begins; anything else is a link that holds the keys themselves. */
const SECRET = /^(?:https?:\/\/[^/\s]+\/|\/)?secret\//u;

/**
 * Opens a secret link (chapter 06 section 11.5), or one of the old kind that holds the keys (section 12), without an account. The server is asked once for what the link
 * leads to, which counts as a use of the link, and never again.
 *
 * NotFoundError `not-found.link` when there is no such link, or nothing any more where it leads; DeniedError `denied.link`, whose `data.reason` is `expired`, `used-up`,
 * `home` (another server has it), `password`, `link` (the link is not complete) or `invalid` (it pretends to show something of somebody else); FormatError `format.link`; `network`; AbortedError.
 */
export async function openLink(
  network: Network,
  text: string,
  options: ClientOptions & SharedFileSettings & OpenLinkOptions = {},
): Promise<LinkSession> {
  const { signal, password, thumbnailer, chunksInFlight } = checkedOptions(options);
  assertString('link', text);
  if (password !== undefined && typeof password !== 'function') assertString('options.password', password);
  const isSecret = SECRET.test(text);
  // Before anything is sent.
  const secret = isSecret ? SecretLink.parse(text) : undefined;
  const shared = isSecret ? undefined : parseSharedCapabilityLink(text);
  const context = await createClientContext(network, options);
  const capability = shared?.capability ?? (secret && (await retrieve(context, secret.link, password, signal)));
  if (capability === undefined) throw new ArgumentError('link', 'must be a link');
  const view: LinkView | undefined = secret?.view ?? shared?.view;
  const { item, names } = await openVerified(context, capability, signal);
  return new LinkSession({
    context,
    settings: given({ thumbnailer, chunksInFlight }),
    root: names,
    capability,
    target: { names, item },
    view,
  });
}

async function retrieve(
  context: ClientContext,
  link: SecretLink,
  password: OpenLinkOptions['password'],
  signal: AbortSignal | undefined,
): Promise<AbsoluteCapability> {
  const sealed = await fetchOnce(context, link, signal);
  if (!sealed.hasPassword) return unseal(context, link, sealed, '', signal);
  for (let attempt = 1; ; attempt++) {
    const given = typeof password === 'function' ? await ask(password, attempt, signal) : password;
    if (given === undefined) {
      const message = 'This link needs a password beside the link itself. To ask for what is behind it has counted as one of its uses.';
      throw new DeniedError('denied.link', message, { reason: 'password', isMissing: true });
    }
    try {
      return await unseal(context, link, sealed, given, signal);
    } catch (error) {
      const isWrong = error instanceof DeniedError && error.data['reason'] === 'password';
      if (!isWrong || typeof password !== 'function' || attempt >= PASSWORD_ATTEMPTS) throw error;
    }
  }
}

async function ask(
  password: Exclude<OpenLinkOptions['password'], string | undefined>,
  attempt: number,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const answer: unknown = await untilAborted(
    async () => callersCode(async () => password({ attempt })),
    signal,
    'asking for the password of a link',
  );
  if (answer !== undefined) assertString('answer', answer);
  return answer;
}

async function fetchOnce(
  { network }: ClientContext,
  { owner, label }: SecretLink,
  signal: AbortSignal | undefined,
): Promise<EncryptedCapability> {
  try {
    return await network.links.get(owner, label, signal);
  } catch (error) {
    if (!(error instanceof NotFoundError) || error.code !== 'not-found.link') throw error;
    const message = 'There is no such link on this server: it was deleted, or belongs to another server.';
    throw new NotFoundError('not-found.link', message, {}, error);
  }
}

async function unseal(
  { crypto }: ClientContext,
  link: SecretLink,
  sealed: EncryptedCapability,
  password: string,
  signal: AbortSignal | undefined,
): Promise<AbsoluteCapability> {
  try {
    return await link.open(crypto, sealed, password, signal === undefined ? {} : { signal });
  } catch (error) {
    if (!(error instanceof PyrgosError) || error.code !== 'crypto.authentication') throw error;
    if (sealed.hasPassword) {
      throw new DeniedError(
        'denied.link',
        'The password is not that of this link, or the link is not complete. To try has counted as one of the uses of the link.',
        { reason: 'password', isMissing: false },
      );
    }
    throw new DeniedError(
      'denied.link',
      'The link does not open what the server has for it: it is not complete, or was changed on the way.',
      {
        reason: 'link',
      },
    );
  }
}

/** What a capability leads to, at the path that it has for its owner. */
interface VerifiedItem {
  readonly item: Item;
  readonly names: readonly string[];
}

/**
 * Opens what somebody has given out, and requires that it is what it says to be: something of the user whose name its path begins with (chapter 06 section 2.2). Once more, in
 * what the server has now, when it fails.
 */
async function openVerified(
  context: ClientContext,
  capability: AbsoluteCapability,
  signal: AbortSignal | undefined,
): Promise<VerifiedItem> {
  try {
    return await openAndCheck(context, capability, new CommittedView(context.sessions, { signal }));
  } catch (error) {
    if (!isWorthAnotherLook(error)) throw error;
  }
  try {
    return await openAndCheck(context, capability, new CommittedView(context.sessions, { signal, fresh: true }));
  } catch (error) {
    if (!(error instanceof NotFoundError) || error.code !== 'not-found.file') throw error;
    const message = 'What the link leads to is not there any more: it was deleted, or access to it was ended.';
    throw new NotFoundError('not-found.link', message, {}, error);
  }
}

async function openAndCheck(context: ClientContext, capability: AbsoluteCapability, view: CommittedView): Promise<VerifiedItem> {
  const { owner } = capability;
  // What the check is going to need, while the path is looked for.
  view.treeOf(owner, owner).catch(() => undefined);
  const item = await openItem(view, capability);
  if (!item.isReadable) throw invalid();
  const { names, writers } = await ancestryOf(view, item);
  await assertOwned(context, view, item, { names, writers });
  return { item, names };
}

/** DeniedError `denied.link` unless the user whose name a path begins with owns the writer of the item there. */
export async function assertOwned(context: ClientContext, view: CommittedView, item: Item, { names, writers }: Ancestry): Promise<void> {
  const [username = ''] = names;
  if (!isWireUsername(username)) throw invalid();
  const { owner, writer } = item;
  const [identity, isOwner] = await Promise.all([
    identityOfUser(context, username, view.signal),
    isWriterOf(view, owner, writer, writers.slice(1)),
  ]);
  if (identity !== undefined && (identity.equals(owner) ? isOwner : await isWriterOf(view, identity, writer)) === true) return;
  throw invalid();
}

async function identityOfUser(
  { chains }: ClientContext,
  username: string,
  signal: AbortSignal | undefined,
): Promise<ReturnType<typeof identityOf> | undefined> {
  try {
    return identityOf(await chains.get(username, signal));
  } catch (error) {
    if (error instanceof NotFoundError && error.code === 'not-found.user') return undefined;
    throw error;
  }
}

function invalid(): DeniedError {
  return new DeniedError('denied.link', 'The link is not valid: what it shows does not belong to the user whose name it bears.', {
    reason: 'invalid',
  });
}

function isWorthAnotherLook(error: unknown): boolean {
  return error instanceof PyrgosError && error.code !== 'aborted' && error.code !== 'network' && error.code !== 'rate';
}
