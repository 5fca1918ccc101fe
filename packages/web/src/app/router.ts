import { useSyncExternalStore } from 'react';

/** Where in the app somebody is. */
export type Route =
  | { readonly name: 'start' }
  | { readonly name: 'sign-up'; readonly token: string }
  | { readonly name: 'drive'; readonly path: string }
  | { readonly name: 'settings' }
  /** A file, shown as what it is. */
  | { readonly name: 'view'; readonly path: string }
  /** Looking for things below a directory. */
  | { readonly name: 'search'; readonly path: string }
  | { readonly name: 'trash' }
  /** Requests, friends, followers, whom one follows. */
  | { readonly name: 'people' }
  /** What is shared, by whom and with whom, and all links. */
  | { readonly name: 'shared' }
  /** Posts of oneself and of friends. */
  | { readonly name: 'news' }
  /** All chats, or one of them. */
  | { readonly name: 'chats'; readonly id: string | undefined }
  /** Somebody's profile. */
  | { readonly name: 'profile'; readonly username: string }
  | { readonly name: 'link' };

/** What of the address counts. */
export interface Address {
  readonly pathname: string;
  readonly search: string;
  readonly hash: string;
}

/**
 * Reads an address. Everything of the app is behind `#/`, which is never sent to a server. Every other fragment, and everything below `/secret/`, belongs to links to
 * something shared: their fragment is a secret, which nothing here reads.
 */
export function parseRoute({ pathname, search, hash }: Address): Route {
  if (pathname.startsWith('/secret/')) return { name: 'link' };
  if (hash !== '' && hash !== '#' && !hash.startsWith('#/')) return { name: 'link' };
  const [area = '', ...names] = hash.slice(2).split('/').map(decode);
  if (area === 'settings' || area === 'trash' || area === 'people' || area === 'shared' || area === 'news') return { name: area };
  if (area === 'chats') return { name: area, id: names[0] === '' ? undefined : names[0] };
  if (area === 'profile') return { name: area, username: names[0] ?? '' };
  if (area === 'drive' || area === 'view' || area === 'search')
    return { name: area, path: `/${names.filter((name) => name !== '').join('/')}` };
  const query = new URLSearchParams(search);
  if (area === 'sign-up' || query.get('signup') === 'true') return { name: 'sign-up', token: query.get('token') ?? '' };
  return { name: 'start' };
}

/** The fragment of a place in the app. */
export function formatRoute(route: Route): string {
  switch (route.name) {
    case 'drive':
    case 'view':
    case 'search':
      return `#/${route.name}${route.path.split('/').map(encodeURIComponent).join('/')}`;
    case 'chats':
      return route.id === undefined ? '#/chats' : `#/chats/${encodeURIComponent(route.id)}`;
    case 'profile':
      return `#/profile/${encodeURIComponent(route.username)}`;
    case 'sign-up':
    case 'settings':
    case 'trash':
    case 'people':
    case 'shared':
    case 'news':
      return `#/${route.name}`;
    default:
      return '#/';
  }
}

/** A place inside of what a link leads to. The address stays that of the link, so it can be opened again and passed on; the history says where in it somebody is. */
export type LinkPlace = Extract<Route, { readonly name: 'drive' | 'view' | 'search' }>;

/** Whether the address is that of a link, and a place one that can be inside of it. */
function isInLink(route: Route): route is LinkPlace {
  return parseRoute(location).name === 'link' && (route.name === 'drive' || route.name === 'view' || route.name === 'search');
}

/** What the entry of the history says of the place inside of a link; empty at its beginning. */
function entryOfLink(state: unknown): string {
  if (typeof state !== 'object' || state === null || !('inLink' in state)) return '';
  return typeof state.inLink === 'string' ? state.inLink : '';
}

function parseLinkPlace(hash: string): LinkPlace | undefined {
  const route = parseRoute({ pathname: '/', search: '', hash });
  return route.name === 'drive' || route.name === 'view' || route.name === 'search' ? route : undefined;
}

/** Goes to a place. `replace`: the one before cannot be gone back to. `state`: what the entry in the history says, by default that of the one it replaces. */
export function goTo(
  route: Route,
  { replace = false, state = replace ? history.state : null }: { readonly replace?: boolean; readonly state?: unknown } = {},
): void {
  if (isInLink(route)) {
    const entry = { ...(typeof state === 'object' ? state : null), inLink: formatRoute(route) };
    if (replace) history.replaceState(entry, '');
    else history.pushState(entry, '');
    dispatchEvent(new PopStateEvent('popstate'));
    return;
  }
  const { pathname, search } = location;
  // Once somebody is in, the token of the sign-up link has done its work.
  const address = `${pathname.startsWith('/secret/') ? '/' : pathname}${route.name === 'sign-up' ? search : ''}${formatRoute(route)}`;
  if (replace) history.replaceState(state, '', address);
  else history.pushState(state, '', address);
  dispatchEvent(new PopStateEvent('popstate'));
}

/** Goes to a place in what is shown at an address, that of a link or one in the app: the page may show the other by now. */
export function goToPlaceOf(address: string, place: LinkPlace): void {
  const wanted = new URL(address);
  if (parseRoute(wanted).name === 'link') {
    if (location.href === address) {
      goTo(place);
      return;
    }
    history.pushState({ inLink: formatRoute(place) }, '', address);
  } else history.pushState(null, '', `${wanted.pathname}${formatRoute(place)}`);
  dispatchEvent(new PopStateEvent('popstate'));
}

let lastAddress = '';
let lastRoute: Route = { name: 'start' };

/** The place that the address bar names. */
export function useRoute(): Route {
  return useSyncExternalStore(
    (changed) => {
      addEventListener('popstate', changed);
      addEventListener('hashchange', changed);
      return () => {
        removeEventListener('popstate', changed);
        removeEventListener('hashchange', changed);
      };
    },
    () => {
      if (location.href !== lastAddress) {
        lastAddress = location.href;
        lastRoute = parseRoute(location);
      }
      return lastRoute;
    },
  );
}

let lastEntry = '';
let lastPlace: LinkPlace | undefined;

/** Where inside of a link somebody is; undefined at its beginning. */
export function useLinkPlace(): LinkPlace | undefined {
  return useSyncExternalStore(
    (changed) => {
      addEventListener('popstate', changed);
      return () => {
        removeEventListener('popstate', changed);
      };
    },
    () => {
      const entry = entryOfLink(history.state);
      if (entry !== lastEntry) {
        lastEntry = entry;
        lastPlace = parseLinkPlace(entry);
      }
      return lastPlace;
    },
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Typed by hand, or cut off.
    return text;
  }
}
