import { withProperties } from '@pyrgos/core/model';
import { ChunkChanges } from '../structure/chunk-changes.js';
import { withNode } from '../structure/refresh.js';
import { FileReader, type Item, type OperationView } from '../view/index.js';
import type { OpenedSource } from './byte-source.js';
import type { ContentPorts } from './content-ports.js';
import { lentThumbnail } from './make-thumbnail.js';

/**
 * Gives a file the thumbnail that its content as it is now brings (chapter 04 section 18.2), and commits that; the file as it was when
 * there is none. For changes after which the whole content is nowhere but in the file.
 */
export async function refreshThumbnail(operation: OperationView, ports: ContentPorts, file: Item): Promise<Item> {
  const { properties } = file.opened;
  const reader = new FileReader(operation, file);
  const source: OpenedSource = {
    size: reader.size,
    isRepeatable: true,
    isCode: false,
    blob: undefined,
    open: (start, signal) => piecesOf(reader, start, signal),
  };
  const thumbnail = await lentThumbnail(operation, ports.thumbnailer, source, properties.mimeType);
  if (thumbnail === undefined) return file;
  const node = withProperties(operation.crypto, file.node, file.opened, properties.with({ thumbnail }));
  const changes = new ChunkChanges(operation);
  const cid = changes.put(file.requireSigner(), file.capability.mapKey, file.cid, { node, fragments: [] });
  await changes.commit();
  return withNode(operation, file, cid, node);
}

async function* piecesOf(file: FileReader, start: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = file.stream({ start, signal }).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}
