import { compileMessage } from '@lingui/message-utils/compileMessage';
import type { Plugin } from 'vite';

/** The catalogues: JSON files from id to text in ICU message syntax, in a folder for each language. */
const CATALOGUE = /\/i18n\/[a-z]{2}\/[a-z-]+\.json$/u;

/**
 * Compiles the texts when the app is built, so that the page needs no parser for them. Fails for a text that is no ICU message, with its id.
 */
export function compiledMessages(): Plugin {
  return {
    name: 'pyrgos-compiled-messages',
    enforce: 'pre',
    transform(code, id) {
      if (!CATALOGUE.test(id)) return undefined;
      const texts: unknown = JSON.parse(code);
      if (typeof texts !== 'object' || texts === null) throw new Error(`${id} is not an object`);
      const compiled = Object.entries(texts).map(([key, text]) => {
        if (typeof text !== 'string') throw new Error(`${id}: ${key} is not a text`);
        return [key, compileMessage(text)] as const;
      });
      return { code: JSON.stringify(Object.fromEntries(compiled)), map: null };
    },
  };
}
