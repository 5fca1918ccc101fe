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

/** Goes to a place. `replace`: the one before cannot be gone back to. `state`: what the entry in the history says, by default that of the one it replaces. */
export function goTo(
  route: Route,
  { replace = false, state = replace ? history.state : null }: { readonly replace?: boolean; readonly state?: unknown } = {},
): void {
  const { pathname, search } = location;
  // Once somebody is in, the token of the sign-up link has done its work.
  const address = `${pathname}${route.name === 'sign-up' ? search : ''}${formatRoute(route)}`;
  if (replace) history.replaceState(state, '', address);
  else history.pushState(state, '', address);
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

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Typed by hand, or cut off.
    return text;
  }
}
