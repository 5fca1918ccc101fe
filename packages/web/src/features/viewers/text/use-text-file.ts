import { useCallback, useEffect, useState } from 'react';
import { engine } from '../../../engine/start-engine.js';
import { decodeText, type TextDocument } from './text-document.js';

/** A text file as far as it is there. */
export type TextFile =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly error: unknown }
  /** It is no text, whatever its name says. */
  | { readonly state: 'binary' }
  | {
      readonly state: 'ready';
      readonly document: TextDocument;
      /** For `ifVersion`: never newer than the text. */
      readonly version: string;
      readonly isWritable: boolean;
      /** Another number each time it was read. */
      readonly reading: number;
    };

/** Reads a text file, and again when `reload` is called. */
export function useTextFile(path: string): TextFile & { readonly reload: () => void } {
  const [file, setFile] = useState<TextFile>({ state: 'loading' });
  const [reading, setReading] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    setFile({ state: 'loading' });
    const read = async (): Promise<TextFile> => {
      try {
        // First the version: when the file is changed between the two, saving finds that out.
        const row = await engine().call('drive.stat', { path }, { signal });
        const document = decodeText(await engine().call('drive.read', { path }, { signal }));
        if (document === undefined) return { state: 'binary' };
        return { state: 'ready', document, version: row?.version ?? '', isWritable: row?.isWritable ?? false, reading };
      } catch (error) {
        return { state: 'failed', error };
      }
    };
    const show = async (): Promise<void> => {
      const next = await read();
      if (!signal.aborted) setFile(next);
    };
    void show();
    return () => {
      stop.abort();
    };
  }, [path, reading]);
  const reload = useCallback(() => {
    setReading((before) => before + 1);
  }, []);
  return { ...file, reload };
}
