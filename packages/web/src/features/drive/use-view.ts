import { setGuest, useGuest } from '../../app/guest-store.js';
import { type Preferences, setPreferences, usePreferences } from '../../app/preferences.js';
import type { Row } from '../../engine/calls.js';

type View = Preferences['view'];

/** Whether most of the files are pictures. */
function isGallery(rows: readonly Row[]): boolean {
  const files = rows.filter(({ kind }) => kind === 'file');
  return files.length > 1 && files.filter(({ mimeType }) => mimeType.startsWith('image/')).length * 2 > files.length;
}

/**
 * How a folder is shown, and the way to change that. People choose for all their folders; who has followed a link has chosen nothing yet, and sees
 * pictures as tiles.
 */
export function useView(rows: readonly Row[]): readonly [View, (view: View) => void] {
  const { view } = usePreferences();
  const guest = useGuest();
  if (guest === undefined) {
    return [
      view,
      (chosen) => {
        setPreferences({ view: chosen });
      },
    ];
  }
  return [
    guest.view ?? (isGallery(rows) ? 'grid' : view),
    (chosen) => {
      setGuest({ ...guest, view: chosen });
    },
  ];
}
