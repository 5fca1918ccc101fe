import type { LiveChanges, LiveWatch, UserSession } from '@pyrgos/client';
import type { Handlers } from '../engine-host.js';
import type { EngineState } from '../engine-state.js';

/**
 * Windows of this browser that may have a request waiting at the server at a time. Browsers make six connections to a server that does not speak HTTP/2, for all windows
 * together; one that waits is none for anything else. Other windows look now and then.
 */
const WAITING_WINDOWS = 3;

/** What is watched for a session. */
interface Watched {
  readonly session: UserSession;
  readonly watch: LiveWatch;
  /** What was told while no page listened. */
  missed: LiveChanges | undefined;
  emit: ((changes: LiveChanges) => void) | undefined;
}

/** Has the server, or now and then the engine, look for changes, as long as the page wants to know. */
export function liveService(state: Pick<EngineState, 'session'>): Pick<Handlers, 'live.watch'> {
  let current: Watched | undefined;

  const watched = (session: UserSession): Watched => {
    if (current?.session === session) return current;
    const begun: Watched = {
      session,
      missed: undefined,
      emit: undefined,
      watch: session.watch((changes) => {
        if (begun.emit === undefined) begun.missed = together(begun.missed, changes);
        else begun.emit(changes);
      }),
    };
    current = begun;
    return begun;
  };

  return {
    'live.watch': async (_, { signal, emit }) => {
      const { session } = state;
      const isNew = current?.session !== session;
      const here = watched(session);
      here.emit = emit;
      const { missed } = here;
      here.missed = undefined;
      if (missed !== undefined) emit(missed);
      const done = new AbortController();
      const gone = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      const isWaiting = await waitingPlace(done.signal);
      // Another call of the page may have begun meanwhile, or this one have ended.
      if (here.emit === emit && !signal.aborted) {
        here.watch.attend(isWaiting ? 'full' : 'low');
        if (!isNew) here.watch.look();
        await Promise.race([gone, here.watch.closed]);
      }
      done.abort();
      if (here.emit === emit) {
        here.emit = undefined;
        here.watch.attend('none');
      }
      return undefined;
    },
  };
}

/** Takes one of the places for windows whose request waits, until the signal fires; whether there was one. Where nobody can tell there always is. */
async function waitingPlace(signal: AbortSignal): Promise<boolean> {
  // Not where a page came without encryption from another machine.
  const locks = navigator.locks as LockManager | undefined;
  if (locks === undefined) return true;
  for (let place = 0; place < WAITING_WINDOWS; place++) {
    const isTaken = await new Promise<boolean>((resolve) => {
      locks
        .request(`pyrgos-waiting-${place}`, { ifAvailable: true }, async (lock) => {
          resolve(lock !== null);
          if (lock !== null && !signal.aborted)
            await new Promise<void>((end) => signal.addEventListener('abort', () => end(), { once: true }));
        })
        .catch(() => resolve(true));
    });
    if (isTaken) return true;
  }
  return false;
}

function together(one: LiveChanges | undefined, other: LiveChanges): LiveChanges {
  if (one === undefined) return other;
  return {
    account: one.account || other.account,
    requests: one.requests || other.requests,
    friends: [...new Set([...one.friends, ...other.friends])].sort(),
    chats: [...new Set([...one.chats, ...other.chats])].sort(),
  };
}
