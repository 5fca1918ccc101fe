/** Emojis that are remembered. */
export const MAX_RECENT_EMOJIS = 24;

/** UTF-16 code units of the longest emojis there are, and some more. */
const MAX_LENGTH = 40;
const KEY = 'pyrgos-recent-emojis';

/** The emojis that were chosen last on this device, the newest first. What is stored there may be anything. */
export function recentEmojis(): readonly string[] {
  let stored: unknown;
  try {
    stored = JSON.parse(localStorage.getItem(KEY) ?? '[]');
  } catch {
    return [];
  }
  if (!Array.isArray(stored)) return [];
  return stored
    .filter((one): one is string => typeof one === 'string' && one !== '' && one.length <= MAX_LENGTH)
    .slice(0, MAX_RECENT_EMOJIS);
}

/** Remembers that an emoji was chosen. */
export function noteEmoji(character: string): void {
  const recent = [character, ...recentEmojis().filter((other) => other !== character)].slice(0, MAX_RECENT_EMOJIS);
  try {
    localStorage.setItem(KEY, JSON.stringify(recent));
  } catch {
    // The browser stores nothing.
  }
}

/** Forgets them: somebody else may use this device next. */
export function forgetEmojis(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // It stores nothing.
  }
}
