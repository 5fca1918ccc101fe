import type { ShownFile } from '../../engine/calls.js';
import { giveStream } from '../../streams/given-stream.js';
import { storeBytes } from '../transfers/store-bytes.js';
import { shownTypeOf, viewerKindOf } from '../viewers/viewer-kind.js';

/** Milliseconds after which the address of what is stored is taken away when everything was read. */
const BEGIN_PATIENCE = 60_000;

/** A file that a post or a message shows, as far as it was opened. */
export interface OpenedFile {
  /** Empty for a random one, which says nothing; otherwise its extension helps to tell what it is. */
  readonly name: string;
  /** As whoever sent it says. */
  readonly mimeType: string;
  readonly size: number;
  /** Undefined for a large one: a stream gives them. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/** How a page can show a file itself, and at which address. */
export interface ShownAddress {
  readonly kind: 'image' | 'video' | 'audio' | 'other';
  readonly address: string;
  /** Takes the address away. */
  readonly close: () => void;
}

/** Gives what is shown an address: from memory, or as a stream when it is large. */
export async function addressOf(shown: ShownFile, { name, mimeType, size, bytes }: OpenedFile): Promise<ShownAddress> {
  const found = viewerKindOf({ name, mimeType, size });
  const kind = found === 'image' || found === 'video' || found === 'audio' ? found : 'other';
  // Nothing but a picture, a film or a sound gets a type by which a browser would do something with it.
  const type = kind === 'other' ? 'application/octet-stream' : shownTypeOf({ name, mimeType });
  if (bytes === undefined) {
    const stream = await giveStream({ paths: [], shown, zip: undefined, offer: { name: '', mimeType: type, isDownload: false } });
    return { kind, address: stream.address, close: () => stream.close() };
  }
  const address = URL.createObjectURL(new Blob([bytes], { type }));
  return {
    kind,
    address,
    close: () => {
      URL.revokeObjectURL(address);
    },
  };
}

/** Stores what is shown on this device; what is large goes from the server to the disk piece by piece. */
export async function storeShown(shown: ShownFile, bytes: Uint8Array<ArrayBuffer> | undefined, name: string): Promise<void> {
  if (bytes !== undefined) {
    storeBytes(bytes, name);
    return;
  }
  const stream = await giveStream({ paths: [], shown, zip: undefined, offer: { name, mimeType: '', isDownload: true } }, (event) => {
    // The browser may not have begun to store the last of it yet.
    if (event.kind === 'complete') setTimeout(end, BEGIN_PATIENCE);
    else if (event.kind !== 'ready' && event.kind !== 'progress') end();
  });
  const frame = document.createElement('iframe');
  frame.hidden = true;
  frame.src = stream.address;
  document.body.append(frame);
  function end(): void {
    stream.close();
    frame.remove();
  }
}
