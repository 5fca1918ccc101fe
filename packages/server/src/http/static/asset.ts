import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const compress = promisify(gzip);

const contentTypes: ReadonlyMap<string, string> = new Map([
  ['js', 'text/javascript'],
  ['mjs', 'text/javascript'],
  ['html', 'text/html'],
  ['css', 'text/css'],
  ['json', 'application/json'],
  ['png', 'image/png'],
  ['woff', 'application/font-woff'],
  ['svg', 'image/svg+xml'],
  ['wasm', 'application/wasm'],
]);

/** A file of a web app, ready to be sent. */
export interface Asset {
  /** gzip. */
  readonly body: Uint8Array;
  /** 16 hex digits: the first 8 bytes of SHA-256 of the compressed bytes (chapter 02 section 14.1). */
  readonly etag: string;
  /** By extension; undefined for one that the protocol does not name. */
  readonly contentType: string | undefined;
}

/** Where pages come from. */
export interface AssetSource {
  /** The file at a path without leading slash, or undefined. The path is hostile. */
  find(path: string): Promise<Asset | undefined>;
}

/** Compresses a file and names its type. */
export async function makeAsset(path: string, bytes: Uint8Array): Promise<Asset> {
  const body = await compress(bytes, { level: 9 });
  const etag = createHash('sha256').update(body).digest('hex').slice(0, 16);
  const extension = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  return { body, etag, contentType: path.includes('.') ? contentTypes.get(extension) : undefined };
}

/** Files that are part of the program. */
export class BuiltInAssets implements AssetSource {
  private readonly made = new Map<string, Promise<Asset>>();

  /** @param files texts by path */
  constructor(private readonly files: ReadonlyMap<string, string>) {}

  /** See {@link AssetSource.find}. */
  async find(path: string): Promise<Asset | undefined> {
    const text = this.files.get(path);
    if (text === undefined) return undefined;
    const known = this.made.get(path);
    if (known !== undefined) return known;
    const made = makeAsset(path, new TextEncoder().encode(text));
    this.made.set(path, made);
    return made;
  }
}
