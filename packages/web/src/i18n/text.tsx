import { type I18n, setupI18n } from '@lingui/core';
import { I18nProvider, useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { texts as english } from './en/index.js';
import { regionalTag } from './format.js';
import { IsolatedText, visibleValue } from './visible-name.js';

/** A text of the app, by its id in the catalogues. */
export type TextId = keyof typeof english;

/** What is put into a text. Peers' text may be among it: it stays text. */
export type TextValues = Readonly<Record<string, string | number | IsolatedText>>;

/** Gives the text of an id in the language of the page. */
export type TextFunction = (id: TextId, values?: TextValues) => string;

/** The languages, each by its own name. */
export const LANGUAGES: ReadonlyMap<string, string> = new Map([
  ['en', 'English'],
  ['de', 'Deutsch'],
  ['fr', 'Français'],
  ['es', 'Español'],
]);

/** A catalogue is fetched only when its language is wanted. */
const loaders: ReadonlyMap<string, () => Promise<{ readonly texts: Readonly<Record<TextId, string>> }>> = new Map([
  ['en', async () => import('./en/index.js')],
  ['de', async () => import('./de/index.js')],
  ['fr', async () => import('./fr/index.js')],
  ['es', async () => import('./es/index.js')],
]);

/** The first language of the browser that there is a catalogue of; else English. */
export function preferredLanguage(wanted: readonly string[]): string {
  const languages = wanted.map((tag) => tag.slice(0, 2).toLowerCase());
  return languages.find((language) => LANGUAGES.has(language)) ?? 'en';
}

/** Makes the texts of a language the ones of the page. */
export async function loadTexts(language: string): Promise<I18n> {
  const load = loaders.get(language) ?? loaders.get('en');
  const catalogue = await load?.();
  // Compiled by the build: what the types call texts is what Lingui formats.
  const messages = catalogue?.texts ?? {};
  document.documentElement.lang = language;
  return setupI18n({ locale: language, locales: regionalTag(language), messages: { [language]: messages } });
}

/** Gives the texts to everything below. */
export function TextProvider({ texts, children }: { readonly texts: I18n; readonly children: ReactNode }): ReactNode {
  return <I18nProvider i18n={texts}>{children}</I18nProvider>;
}

/** The texts, in a component. */
export function useText(): TextFunction {
  const { i18n } = useLingui();
  return (id, values) => i18n._(id, values === undefined ? undefined : visible(values));
}

/** Names are among the values: nothing in them is invisible. */
function visible(values: TextValues): Readonly<Record<string, string | number>> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => {
      if (value instanceof IsolatedText) return [key, value.text];
      return [key, typeof value === 'string' ? visibleValue(value) : value];
    }),
  );
}

/** The language of the page, for numbers, dates and sorting. */
export function useLanguage(): string {
  return useLingui().i18n.locale;
}
