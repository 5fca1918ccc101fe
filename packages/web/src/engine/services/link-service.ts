import { AbortedError, type LinkChanges, type LinkSession, type OwnLink, PasswordPolicy } from '@pyrgos/client';
import type { Handlers } from '../engine-host.js';
import type { EngineState } from '../engine-state.js';
import type { LinkRow, OpenedLink } from '../sharing-calls.js';
import { addressForOthers } from './addresses.js';
import { tellRotated } from './tell-rotated.js';

type Served = 'link.create' | 'link.update' | 'link.delete' | 'link.judge' | 'link.open' | 'link.close';

/** Secret links: those of the account, and one that is opened. */
export function linkService(state: EngineState): Pick<Handlers, Served> {
  let opening: object | undefined;
  return {
    'link.create': async ({ path, isWritable, password, expires, maxUses }, { signal, emit }) => {
      const link = await state.session.links.create(path, {
        writable: isWritable,
        userPassword: password,
        ...(expires === null ? {} : { expires: new Date(expires) }),
        ...(maxUses === null ? {} : { maxRetrievals: maxUses }),
        signal,
        onProgress: tellRotated(emit),
      });
      return linkRow(link, state.origin);
    },

    'link.update': async ({ path, label, password, expires, maxUses }, { signal }) => {
      const changes: LinkChanges = {
        userPassword: password,
        expires: typeof expires === 'number' ? new Date(expires) : expires,
        maxRetrievals: maxUses,
      };
      return linkRow(await state.session.links.update(path, BigInt(label), changes, { signal }), state.origin);
    },

    'link.delete': async ({ path, label }, { signal }) => {
      await state.session.links.delete(path, BigInt(label), { signal });
      return undefined;
    },

    'link.judge': async ({ password }) => {
      const { level, problem } = PasswordPolicy.link.strengthOf(password, state.session.username);
      return { level, problem, minLength: PasswordPolicy.link.minLength };
    },

    'link.open': async ({ link }, { signal, ask }) => {
      const begun = {};
      opening = begun;
      state.showLink(undefined);
      const { server } = await state.server();
      const session = await server.openLink(link, { signal, password: async (question) => ask(question) });
      // Somebody has gone to another link, or away, meanwhile.
      if (signal.aborted || opening !== begun) {
        session.close();
        throw new AbortedError('opening a link');
      }
      state.showLink(session);
      return describe(session, signal);
    },

    'link.close': async () => {
      opening = undefined;
      state.showLink(undefined);
      return undefined;
    },
  };
}

/** A link as its owner sees it. */
export function linkRow(link: OwnLink, origin: string): LinkRow {
  const { path, label, isWritable, hasPassword, expires, maxRetrievals, retrievals, text, url } = link;
  return {
    path,
    label: String(label),
    address: addressForOthers(origin, url, text),
    isWritable,
    hasPassword,
    expires: expires?.getTime() ?? null,
    maxUses: maxRetrievals ?? null,
    uses: retrievals,
  };
}

async function describe({ files, owner, path, isDirectory, isWritable, view }: LinkSession, signal: AbortSignal): Promise<OpenedLink> {
  const whole = { path, isDirectory };
  return { owner, path, isDirectory, isWritable, begin: isDirectory ? ((await wished(view.path)) ?? whole) : whole };

  /** What the link says to begin with, if that is in it. */
  async function wished(inside: string | undefined): Promise<OpenedLink['begin'] | undefined> {
    if (inside === undefined || !inside.startsWith(`${path}/`)) return undefined;
    const entry = await files.find(inside.replace(/\/+$/u, ''), { signal }).catch(() => undefined);
    return entry === undefined ? undefined : { path: entry.path, isDirectory: entry.isDirectory };
  }
}
