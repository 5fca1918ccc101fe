import type { Row } from '../../engine/calls.js';
import { isRootOf } from '../../engine/paths.js';
import type { TextFunction } from '../../i18n/text.js';
import type { MenuChoice } from '../../ui/menu.js';

/** The choices that change the folder in which something is. */
const CHANGES: ReadonlySet<string> = new Set(['rename', 'move', 'delete']);

/** What can be done with a selection. */
export interface SelectionActions {
  readonly open: (row: Row) => void;
  readonly download: () => void;
  readonly rename: (row: Row) => void;
  readonly transfer: (how: 'move' | 'copy') => void;
  readonly remove: () => void;
  /** Where things can be shared. */
  readonly share?: () => void;
  readonly properties: () => void;
}

/** The choices for a selection, in the toolbar and in the menu of a right click. */
export function selectionChoices(selected: readonly Row[], text: TextFunction, actions: SelectionActions): readonly MenuChoice[] {
  const [first] = selected;
  if (first === undefined) return [];
  const isOne = selected.length === 1;
  const areWhole = selected.every(({ kind }) => kind !== 'damaged');
  const areReadable = selected.every(({ isReadable }) => isReadable);
  const areFixed = selected.some(({ isFixed }) => isFixed);
  const areRoots = selected.some(({ path }) => isRootOf(path));
  const choices: readonly MenuChoice[] = [
    ...(isOne
      ? [
          {
            id: 'open',
            label: text('drive.open'),
            shortcut: 'Enter',
            isDisabled: !areWhole,
            onChoose: () => {
              actions.open(first);
            },
          },
        ]
      : []),
    { id: 'download', label: text('drive.download'), icon: 'download', isDisabled: !areWhole, onChoose: actions.download },
    ...(isOne
      ? [
          {
            id: 'rename',
            label: text('drive.rename'),
            icon: 'edit' as const,
            shortcut: 'F2',
            isDisabled: areFixed || !areWhole,
            onChoose: () => {
              actions.rename(first);
            },
          },
        ]
      : []),
    ...(actions.share === undefined
      ? []
      : [{ id: 'share', label: text('share.open'), icon: 'share' as const, isDisabled: !areReadable, onChoose: actions.share }]),
    {
      id: 'move',
      label: text('drive.move'),
      icon: 'move',
      isDisabled: areFixed || !areWhole,
      onChoose: () => {
        actions.transfer('move');
      },
    },
    {
      id: 'copy',
      label: text('drive.copy'),
      icon: 'copy',
      isDisabled: !areReadable || areRoots,
      onChoose: () => {
        actions.transfer('copy');
      },
    },
    {
      id: 'delete',
      label: text('drive.delete'),
      icon: 'trash',
      isDanger: true,
      shortcut: 'Del',
      isDisabled: areFixed,
      onChoose: actions.remove,
    },
    { id: 'properties', label: text('properties.title'), icon: 'info', isDisabled: !areWhole, onChoose: actions.properties },
  ];
  // In what somebody shares for reading nobody misses them.
  return selected.every(({ isFixed }) => isFixed) ? choices.filter(({ id }) => !CHANGES.has(id)) : choices;
}
