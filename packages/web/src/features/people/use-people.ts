import { useEffect, useState } from 'react';
import { newsWatch } from '../../app/news-watch.js';
import type { EngineCallName, EngineCalls } from '../../engine/calls.js';
import { EngineError } from '../../engine/engine-fault.js';
import type { People } from '../../engine/social-calls.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { showToast } from '../../ui/toasts.js';
import { refreshDirectories } from '../drive/directory-store.js';
import { useCall } from '../settings/use-call.js';
import { peopleFaultText } from './people-fault-text.js';

/** The calls about one person. */
type PersonCall = {
  readonly [Name in EngineCallName]: Name extends `social.${string}`
    ? EngineCalls[Name]['args'] extends { readonly username: string }
      ? Name
      : never
    : never;
}[EngineCallName];

/** Does something about a person, and looks at everybody again; resolves to the result, or to undefined when it could not be done, which was said then. */
export type PersonAct = <Name extends PersonCall>(
  name: Name,
  args: EngineCalls[Name]['args'],
  done?: (result: EngineCalls[Name]['result']) => string,
  /** Whether a problem is told elsewhere. */
  toldElsewhere?: (error: unknown) => boolean,
) => Promise<boolean>;

/** See {@link usePeople}. */
export interface PeopleState {
  /** Undefined while nothing is known. */
  readonly people: People | undefined;
  readonly error: unknown;
  readonly reload: () => void;
  /** About whom something is being done. */
  readonly busy: ReadonlySet<string>;
  readonly act: PersonAct;
}

/** Everybody whom the account has to do with, in a component: looked at again whenever the watch looks, and after everything that is done here. */
export function usePeople(): PeopleState {
  const text = useText();
  const { value, error, reload } = useCall('social.people');
  const [busy, setBusy] = useState<ReadonlySet<string>>(new Set());
  // Whatever it was about: whoever does not let the account follow them any more has changed their own files.
  useEffect(
    () =>
      newsWatch().onLooked((kind) => {
        if (kind !== 'chats') reload();
      }),
    [reload],
  );
  useEffect(() => {
    if (value === undefined) return;
    newsWatch().note('requests', value.requests.length);
    // What had the focus of the page was gone together with the person whom it was about.
    if (document.activeElement === document.body) document.querySelector<HTMLElement>('#content')?.focus({ preventScroll: true });
  }, [value]);
  const act: PersonAct = async (name, args, done, toldElsewhere) => {
    const { username } = args;
    setBusy((before) => new Set(before).add(username));
    try {
      const result = await engine().call(name, args);
      if (done !== undefined) showToast({ kind: 'good', text: done(result) });
      return true;
    } catch (caught) {
      if (caught instanceof EngineError && caught.isCancelled) return false;
      if (toldElsewhere?.(caught) !== true) showToast({ kind: 'problem', text: peopleFaultText(caught, username, text) });
      return false;
    } finally {
      setBusy((before) => new Set([...before].filter((other) => other !== username)));
      reload();
      // Whose files are to be seen may be others now.
      refreshDirectories(['/']);
    }
  };
  return { people: value, error, reload, busy, act };
}
