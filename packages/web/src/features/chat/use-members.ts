import { useCallback, useEffect, useState } from 'react';
import type { ChatMemberRow, ChatRow } from '../../engine/chat-calls.js';
import { engine } from '../../engine/start-engine.js';
import { everybodyOnce } from './chat-rights.js';

/** Who is in a chat, as far as it is known; what is known stays to be seen while it is looked at again, as it is when others have changed something. */
export function useMembers({ id, members, pending, admins, writable }: ChatRow): {
  readonly members: readonly ChatMemberRow[] | undefined;
  readonly error: unknown;
  readonly reload: () => void;
} {
  const [state, setState] = useState<{ readonly members?: readonly ChatMemberRow[]; readonly error?: unknown }>({});
  const [round, setRound] = useState(0);
  const version = JSON.stringify([members, pending, admins, writable]);
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    engine()
      .call('chat.members', { id }, { signal })
      .then(
        (found) => {
          if (!signal.aborted) setState({ members: everybodyOnce(found) });
        },
        (error: unknown) => {
          if (!signal.aborted) setState((before) => ({ ...before, error }));
        },
      );
    return () => {
      stop.abort();
    };
  }, [id, version, round]);
  const reload = useCallback(() => {
    setRound((before) => before + 1);
  }, []);
  return { members: state.members, error: state.error, reload };
}
