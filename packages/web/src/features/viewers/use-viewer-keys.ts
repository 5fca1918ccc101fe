import { useEffect, useRef } from 'react';

/** Where keys have a meaning of their own. */
const BUSY = 'input, textarea, select, video, audio, [contenteditable="true"], [role="dialog"], [role="alertdialog"], [role="menu"]';

/** Keys that act on the whole viewer, wherever the focus is, unless that has a use for them: a field, a player, a dialog. Names are those of `KeyboardEvent.key`. */
export function useViewerKeys(keys: ReadonlyMap<string, () => void>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      // Through shadow roots.
      const [target] = event.composedPath();
      if (target instanceof Element && target.closest(BUSY) !== null) return;
      // Behind an open dialog or menu, which may have lost the focus for a moment. Messages at the edge, which are dialogs by their role, are in nobody's way.
      if ((document.querySelector('#content')?.closest('[inert], [aria-hidden="true"]') ?? null) !== null) return;
      const act = latest.current.get(event.key);
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', onKeyDown);
    return () => {
      removeEventListener('keydown', onKeyDown);
    };
  }, []);
}
