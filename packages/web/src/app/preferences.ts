import { useSyncExternalStore } from 'react';

/** What a person has chosen for this device. Nothing in it is secret. */
export interface Preferences {
  readonly theme: 'system' | 'light' | 'dark';
  /** Undefined: what the browser prefers. */
  readonly language: string | undefined;
  readonly view: 'list' | 'grid';
  readonly showsHidden: boolean;
}

const KEY = 'pyrgos-preferences';
const DEFAULTS: Preferences = { theme: 'system', language: undefined, view: 'list', showsHidden: false };
const listeners = new Set<() => void>();
let current: Preferences | undefined;

/** The preferences now. */
export function preferences(): Preferences {
  current ??= read();
  return current;
}

/** Changes some of them, here and in what this device keeps. */
export function setPreferences(changes: Partial<Preferences>): void {
  current = { ...preferences(), ...changes };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // The browser stores nothing: they hold until the page is closed.
  }
  applyTheme(current);
  for (const listener of listeners) listener();
}

/** The preferences, in a component. */
export function usePreferences(): Preferences {
  return useSyncExternalStore((changed) => {
    listeners.add(changed);
    return () => listeners.delete(changed);
  }, preferences);
}

/** Makes the page light or dark. */
export function applyTheme({ theme }: Preferences): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

function read(): Preferences {
  let stored: unknown;
  try {
    stored = JSON.parse(localStorage.getItem(KEY) ?? '{}');
  } catch {
    return DEFAULTS;
  }
  if (typeof stored !== 'object' || stored === null) return DEFAULTS;
  const { theme, language, view, showsHidden } = stored as Readonly<Record<string, unknown>>;
  return {
    theme: theme === 'light' || theme === 'dark' ? theme : DEFAULTS.theme,
    language: typeof language === 'string' ? language : undefined,
    view: view === 'grid' ? view : DEFAULTS.view,
    showsHidden: showsHidden === true,
  };
}
