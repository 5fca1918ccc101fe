import { type Dispatch, type SetStateAction, useEffect, useRef, useState } from 'react';
import type { Row } from '../../engine/calls.js';
import { keepOnly, NO_SELECTION, type Selection } from './selection.js';

/** What is selected in a list of rows, in the order in which they are shown: what goes from the list goes from the selection, too, as soon as all of the list `isComplete`. */
export function useSelection(
  rows: readonly Pick<Row, 'path'>[],
  isComplete: boolean,
): readonly [Selection, Dispatch<SetStateAction<Selection>>] {
  const [selection, setSelection] = useState(NO_SELECTION);
  const before = useRef<readonly string[]>([]);
  useEffect(() => {
    if (!isComplete) return;
    const { current: last } = before;
    const order = rows.map(({ path }) => path);
    before.current = order;
    setSelection((selected) => keepOnly(selected, order, last));
  }, [rows, isComplete]);
  return [selection, setSelection];
}
