import type { FileSystem } from '@pyrgos/client';
import { makeZip } from 'client-zip';
import { childOf, nameOf, numberedName } from '../paths.js';

/** What a zip file is made of, one thing after the other. */
interface ZipEntry {
  readonly name: string;
  readonly lastModified: Date;
  readonly input?: ReadableStream<Uint8Array>;
}

/** Everything below several paths as one zip file, made while it is read: nothing but the piece that is asked for is in memory. */
export function zipStream(files: FileSystem, paths: readonly string[], signal: AbortSignal): ReadableStream<Uint8Array<ArrayBuffer>> {
  const zip = makeZip(entries(files, paths, signal), { buffersAreUTF8: true });
  return zip as ReadableStream<Uint8Array<ArrayBuffer>>;
}

async function* entries(files: FileSystem, paths: readonly string[], signal: AbortSignal): AsyncGenerator<ZipEntry, void, undefined> {
  const used = new Set<string>();
  for (const path of paths) yield* below(files, path, uniqueName(nameOf(path), used), signal);
}

async function* below(files: FileSystem, path: string, name: string, signal: AbortSignal): AsyncGenerator<ZipEntry, void, undefined> {
  const entry = await files.stat(path, { signal });
  if (!entry.isDirectory) {
    yield { name, lastModified: entry.modified, input: await files.stream(path, { signal }) };
    return;
  }
  yield { name: `${name}/`, lastModified: entry.modified };
  const used = new Set<string>();
  for await (const child of files.list(path, { signal })) {
    // A damaged element is left out: the others are worth having.
    if (child.isDamaged) continue;
    const childName = uniqueName(child.name, used);
    if (child.isDirectory) yield* below(files, childOf(path, child.name), `${name}/${childName}`, signal);
    else yield { name: `${name}/${childName}`, lastModified: child.modified, input: await files.stream(child.path, { signal }) };
  }
}

/** A name that no program which unpacks takes for a way out of its folder, and that is not there yet. */
function uniqueName(name: string, used: Set<string>): string {
  const safe = /^\.{1,2}$/u.test(name) ? '_' : name.replaceAll(/[\\/\0]/gu, '_');
  let unique = safe;
  for (let number = 2; used.has(unique); number++) unique = numberedName(safe, number);
  used.add(unique);
  return unique;
}
