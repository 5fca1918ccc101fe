import { useEffect, useState } from 'react';
import type { Row } from '../../engine/calls.js';
import { engine } from '../../engine/start-engine.js';
import { canStream, giveStream } from '../../streams/given-stream.js';

/** A file with an address, as long as it is shown. */
export interface GivenFile {
  /** Undefined while it is prepared. */
  readonly address: string | undefined;
  readonly error: unknown;
}

const PREPARING: GivenFile = { address: undefined, error: undefined };

/** Gives a file an address from which players and pictures get it, as `mimeType`. Pages without service worker hold all of it in memory instead, up to 64 MB. */
export function useGivenFile({ path, name, version }: Pick<Row, 'path' | 'name' | 'version'>, mimeType: string): GivenFile {
  const [given, setGiven] = useState(PREPARING);
  useEffect(() => {
    let isGone = false;
    let close = (): void => undefined;
    setGiven(PREPARING);
    const give = canStream() ? streamed : inMemory;
    give(path, name, mimeType)
      .then((made) => {
        if (isGone) made.close();
        else {
          close = made.close;
          setGiven({ address: made.address, error: undefined });
        }
      })
      .catch((error: unknown) => {
        if (!isGone) setGiven({ address: undefined, error });
      });
    return () => {
      isGone = true;
      close();
    };
    // Another version is another file.
  }, [path, name, version, mimeType]);
  return given;
}

interface Made {
  readonly address: string;
  readonly close: () => void;
}

async function streamed(path: string, name: string, mimeType: string): Promise<Made> {
  const stream = await giveStream({ paths: [path], zip: undefined, offer: { name, mimeType, isDownload: false } });
  return {
    address: stream.address,
    close: () => {
      stream.close();
    },
  };
}

async function inMemory(path: string, _name: string, mimeType: string): Promise<Made> {
  const bytes = await engine().call('drive.read', { path });
  const address = URL.createObjectURL(new Blob([bytes], { type: mimeType }));
  return {
    address,
    close: () => {
      URL.revokeObjectURL(address);
    },
  };
}
