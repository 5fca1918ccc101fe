import type { Row } from '../../engine/calls.js';
import type { TextFunction } from '../../i18n/text.js';
import type { MenuChoice } from '../../ui/menu.js';

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
  const areReadable = selected.every(({ kind }) => kind !== 'damaged');
  const areWritable = selected.every(({ isWritable, kind }) => isWritable || kind === 'damaged');
  return [
    ...(isOne
      ? [
          {
            id: 'open',
            label: text('drive.open'),
            shortcut: 'Enter',
            isDisabled: !areReadable,
            onChoose: () => {
              actions.open(first);
            },
          },
        ]
      : []),
    { id: 'download', label: text('drive.download'), icon: 'download', isDisabled: !areReadable, onChoose: actions.download },
    ...(isOne
      ? [
          {
            id: 'rename',
            label: text('drive.rename'),
            icon: 'edit' as const,
            shortcut: 'F2',
            isDisabled: !areWritable || !areReadable,
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
      isDisabled: !areWritable || !areReadable,
      onChoose: () => {
        actions.transfer('move');
      },
    },
    {
      id: 'copy',
      label: text('drive.copy'),
      icon: 'copy',
      isDisabled: !areReadable,
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
      isDisabled: !areWritable,
      onChoose: actions.remove,
    },
    { id: 'properties', label: text('properties.title'), icon: 'info', isDisabled: !areReadable, onChoose: actions.properties },
  ];
}
