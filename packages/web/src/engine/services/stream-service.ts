import type { FileReader } from '@pyrgos/client';
import { faultOf } from '../engine-fault.js';
import type { CallContext, Handlers } from '../engine-host.js';
import type { EngineState } from '../engine-state.js';
import type { StreamReply, StreamRequest } from '../../streams/stream-messages.js';
import { openAttachment } from './known-attachments.js';
import { openShown } from './known-items.js';
import { type ZipFile, zipFile } from './zip-stream.js';

/** Something that can be read from any place, as often as wanted; a zip file from its beginning only. */
interface Readable {
  readonly size: number | undefined;
  open(start: number, end: number | undefined, signal: AbortSignal): ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Things that were left out so far. */
  damaged(): number;
}

/** Bytes from which a piece of a stream was decrypted for it. */
const OWN_PIECE = 65_536;

/** Gives the content of files to the service worker. */
export function streamService(state: EngineState): Pick<Handlers, 'stream.serve'> {
  return {
    'stream.serve': async ({ paths, shown, zip, port }, context) => {
      const { files } = state;
      const [path = ''] = paths;
      const readable =
        zip !== undefined
          ? readableZip((signal) => zipFile(files, paths, zip, signal))
          : readableOf(
              shown === undefined
                ? await files.open(path, { signal: context.signal })
                : 'attachment' in shown
                  ? (await openAttachment(state.session, shown.attachment, context.signal)).reader
                  : (await openShown(state.session, shown, context.signal)).reader,
            );
      context.emit({ kind: 'ready', size: readable.size });
      await serve(readable, port, context);
      return undefined;
    },
  };
}

function readableOf(reader: FileReader): Readable {
  return {
    size: reader.size,
    open: (start, end, signal) => reader.stream({ start, end, signal }),
    damaged: () => 0,
  };
}

function readableZip(make: (signal: AbortSignal) => ZipFile): Readable {
  let latest: ZipFile | undefined;
  return {
    size: undefined,
    open: (_, __, signal) => {
      latest = make(signal);
      return latest.stream;
    },
    damaged: () => latest?.damaged() ?? 0,
  };
}

/** Answers the other end of a port until the call is cancelled. */
async function serve(readable: Readable, port: MessagePort, { signal, emit }: CallContext<'stream.serve'>): Promise<void> {
  const streams = new Map<number, ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>>();
  let given = 0;
  const reply = (message: StreamReply, transfer: Transferable[] = []): void => {
    port.postMessage(message, transfer);
  };

  const pull = async (stream: number): Promise<void> => {
    const reader = streams.get(stream);
    if (reader === undefined) return;
    try {
      const { value, done } = await reader.read();
      // Cancelled meanwhile, which ends a read like the end does.
      if (streams.get(stream) !== reader) return;
      if (done) {
        streams.delete(stream);
        reply({ kind: 'end', stream });
        emit({ kind: 'complete', damaged: readable.damaged() });
        return;
      }
      given += value.length;
      emit({ kind: 'progress', done: given });
      // What is moved away could still be in a cache of the reader, when it is small; a large piece is nobody else's.
      const bytes = value.length < OWN_PIECE ? value.slice() : value;
      reply({ kind: 'piece', stream, bytes }, [bytes.buffer]);
    } catch (error) {
      if (!streams.delete(stream)) return;
      reply({ kind: 'failed', stream });
      if (!signal.aborted) emit({ kind: 'failed', fault: faultOf(error) });
    }
  };

  port.onmessage = ({ data }: MessageEvent<StreamRequest>) => {
    switch (data.kind) {
      case 'open':
        streams.set(data.stream, readable.open(data.start, data.end, signal).getReader());
        return;
      case 'pull':
        void pull(data.stream);
        return;
      case 'cancel': {
        const reader = streams.get(data.stream);
        if (!streams.delete(data.stream)) return;
        reader?.cancel().catch(() => undefined);
        emit({ kind: 'cancelled' });
      }
    }
  };
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  for (const reader of streams.values()) reader.cancel().catch(() => undefined);
  port.close();
}
