import { EngineError } from '../../engine/engine-fault.js';
import { engine } from '../../engine/start-engine.js';
import { nameOf } from '../../engine/paths.js';
import { canStream, giveStream } from '../../streams/given-stream.js';
import type { Row } from '../../engine/calls.js';
import type { TextFunction } from '../../i18n/text.js';
import { BrokenDownload } from './broken-download.js';
import { DamagedArchive } from './damaged-archive.js';
import { storeBytes } from './store-bytes.js';
import { transfers } from './transfer-store.js';

/** Bytes up to which a page without service worker can store a file: all of it is in memory. */
const MAX_IN_MEMORY = 64_000_000;
/** Milliseconds after which a file's address is taken away when everything was read: the browser has begun to store it by then. */
const BEGIN_PATIENCE = 60_000;

/** Stores files on this device: one as it is, several or a folder as a zip file. They go from the server to the disk piece by piece. */
export async function download(rows: readonly Row[], zipName: string, text: TextFunction): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const asZip = rows.length > 1 || first.kind === 'directory';
  const zip = asZip ? { reportName: `${text('zip.report')}.txt`, leftOut: text('zip.leftOut'), cutOff: text('zip.cutOff') } : undefined;
  const name = asZip ? `${rows.length === 1 ? first.name : zipName}.zip` : first.name;
  let close = (): void => undefined;
  const total = asZip ? undefined : first.size;
  const shown = transfers().download(name, total, () => {
    close();
    shown.end('cancelled');
  });
  try {
    if (!canStream()) {
      await downloadInMemory(first, asZip, shown.progress);
      shown.end('done');
      return;
    }
    const stream = await giveStream(
      { paths: rows.map(({ path }) => path), zip, offer: { name, mimeType: '', isDownload: true } },
      (event) => {
        if (event.kind === 'progress') shown.progress(event.done);
        else if (event.kind === 'complete') {
          if (event.damaged === 0) shown.end('done');
          else shown.end('failed', new DamagedArchive(event.damaged, zip?.reportName ?? ''));
          // The service worker has everything, the browser perhaps not yet: without the frame it would give up what it has not begun to store.
          setTimeout(close, BEGIN_PATIENCE);
        } else if (event.kind === 'cancelled') {
          shown.end('cancelled');
          close();
        } else if (event.kind === 'failed') {
          shown.end('failed', new EngineError(event.fault));
          close();
        } else if (event.kind === 'broken') {
          shown.end('failed', new BrokenDownload());
          close();
        }
      },
    );
    const frame = openFrame(stream.address);
    close = () => {
      stream.close();
      frame.remove();
    };
  } catch (error) {
    shown.end('failed', error);
  }
}

/** A frame that nobody sees asks for the address; the answer is a download, so it shows nothing. */
function openFrame(address: string): HTMLIFrameElement {
  const frame = document.createElement('iframe');
  frame.hidden = true;
  frame.src = address;
  document.body.append(frame);
  return frame;
}

/** For pages without service worker (plain http on a local network): small files only. */
async function downloadInMemory({ path, size, kind }: Row, asZip: boolean, progress: (done: number) => void): Promise<void> {
  if (asZip || kind !== 'file' || size > MAX_IN_MEMORY) {
    throw new EngineError({
      code: 'unsupported',
      message: 'Large downloads need a secure page, and a browser that stores something for it.',
      data: { reason: isSecureContext ? 'no-streams' : 'insecure' },
      retry: 'never',
    });
  }
  const bytes = await engine().call('drive.read', { path });
  progress(bytes.length);
  storeBytes(bytes, nameOf(path));
}
