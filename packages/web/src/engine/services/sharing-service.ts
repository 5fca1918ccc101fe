import { isOfClients, type ItemShares, NotFoundError, type OwnLink, type Recipient, type UserSession } from '@pyrgos/client';
import { type EngineFault, faultOf } from '../engine-fault.js';
import type { Handlers } from '../engine-host.js';
import type { EngineState } from '../engine-state.js';
import { nameOf, ownerOf, parentOf } from '../paths.js';
import type { PublicPlace, ReceivedItem, ShareGrant, SharedItem, SharePartner } from '../sharing-calls.js';
import { addressForOthers } from './addresses.js';
import { eachItem } from './each-item.js';
import { linkRow } from './link-service.js';
import { tellRotated } from './tell-rotated.js';

/** Things that are looked at at a time. */
const LOOKS_AT_ONCE = 6;
/** Rows that travel together. */
const PART = 200;

type Served =
  | 'share.people'
  | 'share.look'
  | 'share.add'
  | 'share.change'
  | 'share.remove'
  | 'share.list'
  | 'share.received'
  | 'publish.add'
  | 'publish.remove';

/** Sharing with people, and with everybody. */
export function sharingService(state: EngineState): Pick<Handlers, Served> {
  return {
    'share.people': async (_, { signal }) => {
      const { followers, friends } = await state.session.friends.state({ signal });
      return { followers, friends };
    },

    'share.look': async ({ path }, { signal }) => {
      const { session, origin } = state;
      session.files.refresh();
      const isOwn = ownerOf(path) === session.username;
      const [shares, links, published] = await Promise.all([
        session.shares.sharedWith(path, { signal }),
        isOwn ? linksOf(session, path, signal) : [],
        isOwn ? publicPlace(session, origin, path, signal) : undefined,
      ]);
      return { path, grants: grantsOf(shares), links: links.map((link) => linkRow(link, origin)), published, kind: undefined };
    },

    'share.add': async ({ paths, with: partners, access }, { signal, emit }) => {
      const { shares } = state.session;
      let run = { done: 0, total: paths.length };
      return eachItem(
        paths,
        {
          signal,
          emit: (progress) => {
            run = progress;
            emit({ ...run, rotated: 0 });
          },
        },
        async (path) =>
          shares.share(path, partners.map(recipientOf), {
            access,
            signal,
            onProgress: ({ done }) => {
              emit({ ...run, rotated: done });
            },
          }),
      );
    },

    'share.change': async ({ path, with: partners, access, leaveOutDamaged }, { signal, emit }) => {
      const { shares } = state.session;
      const recipients = partners.map(recipientOf);
      const onProgress = tellRotated(emit);
      // First what they are to have: nobody is without it in between.
      await shares.share(path, recipients, { access, signal, onProgress });
      if (access === 'read') await shares.unshare(path, recipients, { access: 'write', signal, onProgress, leaveOutDamaged });
      return undefined;
    },

    'share.remove': async ({ path, with: partners, leaveOutDamaged }, { signal, emit }) => {
      await state.session.shares.unshare(path, partners.map(recipientOf), { signal, onProgress: tellRotated(emit), leaveOutDamaged });
      return undefined;
    },

    'share.list': async (_, { signal, emit }) => {
      const { session, origin } = state;
      session.files.refresh();
      const { items, faults } = await everythingShared(session, origin, signal);
      const all = [...items.values()];
      for (let at = 0; at < all.length; at += PART) emit(all.slice(at, at + PART));
      for (let at = 0; at < all.length; at += LOOKS_AT_ONCE) {
        const some = all.slice(at, at + LOOKS_AT_ONCE);
        emit(await Promise.all(some.map(async (item) => ({ ...item, kind: await kindOf(session, item.path, signal) }))));
      }
      return { faults };
    },

    'share.received': async (_, { signal, emit }) => {
      const { session } = state;
      session.files.refresh();
      for await (const { path, owner, sharers, access, entry, error } of session.shares.received({ signal })) {
        if (isOfClients(path)) continue;
        const item: ReceivedItem = {
          path,
          owner,
          sharers,
          access,
          kind: entry?.kind ?? 'damaged',
          size: entry?.size ?? 0,
          fault: error === undefined ? undefined : faultOf(error),
        };
        emit([item]);
      }
      return undefined;
    },

    'publish.add': async ({ path, asSite }, { signal }) => {
      const { session, origin } = state;
      const { publishing } = session;
      const { url } = asSite ? await publishing.publishWebRoot(path, { signal }) : await publishing.publish(path, { signal });
      return { address: publicAddress(origin, url, path), isInherited: false, isSite: asSite };
    },

    'publish.remove': async ({ path, leaveOutDamaged }, { signal, emit }) => {
      await state.session.publishing.unpublish(path, { signal, onProgress: tellRotated(emit), leaveOutDamaged });
      return undefined;
    },
  };
}

function recipientOf({ kind, name }: SharePartner): Recipient {
  if (kind === 'user') return { user: name };
  return { group: name === 'friends' ? 'friends' : 'followers' };
}

/** Everybody once, with the most that they may do. */
function grantsOf({ readers, writers }: Pick<ItemShares, 'readers' | 'writers'>): readonly ShareGrant[] {
  const grants = new Map<string, ShareGrant>();
  for (const [access, recipients] of [['read', readers] as const, ['write', writers] as const]) {
    for (const recipient of recipients) {
      const partner: SharePartner =
        'group' in recipient ? { kind: 'group', name: recipient.group } : { kind: 'user', name: recipient.user };
      grants.set(`${partner.kind}/${partner.name}`, { ...partner, access });
    }
  }
  return [...grants.values()].sort((a, b) => a.kind.localeCompare(b.kind) || (a.name < b.name ? -1 : 1));
}

/** The links of one thing, not of what is below it. */
async function linksOf(session: UserSession, path: string, signal: AbortSignal): Promise<readonly OwnLink[]> {
  const found: OwnLink[] = [];
  for await (const link of session.links.list(path, { signal })) if (link.path === path) found.push(link);
  return found;
}

async function publicPlace(session: UserSession, origin: string, path: string, signal: AbortSignal): Promise<PublicPlace | undefined> {
  if (!(await session.publishing.isPublished(path, { signal }))) return undefined;
  let isInherited = true;
  for await (const published of session.publishing.list({ signal })) if (published.path === path) isInherited = false;
  const [url, site] = await Promise.all([session.publishing.url(path, { signal }), session.publishing.webRoot({ signal })]);
  return { address: publicAddress(origin, url, path), isInherited, isSite: path === site };
}

function publicAddress(origin: string, known: string | undefined, path: string): string {
  return addressForOthers(origin, known, `public${path.split('/').map(encodeURIComponent).join('/')}`);
}

/** All that is shared, each thing once, posts and profile left out; what cannot be looked at keeps nothing else from being found. */
async function everythingShared(
  session: UserSession,
  origin: string,
  signal: AbortSignal,
): Promise<{ readonly items: ReadonlyMap<string, SharedItem>; readonly faults: readonly EngineFault[] }> {
  const items = new Map<string, SharedItem>();
  const faults: EngineFault[] = [];
  const add = (path: string, found: Partial<SharedItem>): void => {
    if (isOfClients(path)) return;
    const known = items.get(path) ?? { path, grants: [], links: [], published: undefined, kind: undefined };
    items.set(path, { ...known, ...found, links: [...known.links, ...(found.links ?? [])] });
  };
  const look = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (signal.aborted) throw error;
      faults.push(faultOf(error));
    }
  };
  await look(async () => {
    for await (const { path, readers, writers } of session.shares.list('/', { signal })) {
      const grants = grantsOf({ readers, writers });
      if (grants.length > 0) add(path, { grants });
    }
  });
  await look(async () => {
    for await (const link of session.links.list('/', { signal })) add(link.path, { links: [linkRow(link, origin)] });
  });
  await look(async () => {
    const site = await session.publishing.webRoot({ signal });
    for await (const { path, url } of session.publishing.list({ signal })) {
      add(path, { published: { address: publicAddress(origin, url, path), isInherited: false, isSite: path === site } });
    }
  });
  return { items, faults };
}

/** What is at a path now; damage is an answer. */
async function kindOf(session: UserSession, path: string, signal: AbortSignal): Promise<SharedItem['kind']> {
  try {
    const entry = await session.files.find(path, { signal });
    if (entry !== undefined) return entry.kind;
    for await (const { name } of session.files.names(parentOf(path), { signal })) if (name === nameOf(path)) return 'damaged';
    return 'missing';
  } catch (error) {
    if (signal.aborted) throw error;
    if (error instanceof NotFoundError) return 'missing';
    return faultOf(error).code === 'network' ? undefined : 'damaged';
  }
}
