import { utf8Encode } from '@pyrgos/core/bytes';
import { type CborValue, type DataFrameWriter, encodeCbor } from '@pyrgos/core/codec';

/** What a route answers, before the headers that every answer carries are added. */
export interface Reply {
  readonly status: number;
  /** Names in lower case, so that one can replace another. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: no body at all. Not copied and not modified on its way out. */
  readonly body: Uint8Array | undefined;
  /** Whether it is part of the web app, with a security policy of its own; all others get the one of the API. */
  readonly isPage?: boolean;
}

const noHeaders: Readonly<Record<string, string>> = {};
const yes = Uint8Array.of(1);
const no = Uint8Array.of(0);

/** 200 with these bytes, without Content-Type, as all API answers (chapter 02 section 2.3). */
export function bytesReply(body: Uint8Array, headers: Readonly<Record<string, string>> = noHeaders): Reply {
  return { status: 200, headers, body };
}

/** An answer without body. */
export function emptyReply(status: number, headers: Readonly<Record<string, string>> = noHeaders): Reply {
  return { status, headers, body: undefined };
}

/** One byte, 01 or 00. */
export function booleanReply(value: boolean): Reply {
  return bytesReply(value ? yes : no);
}

/** One canonical CBOR item. */
export function cborReply(value: CborValue): Reply {
  return bytesReply(encodeCbor(value));
}

/** A data stream. */
export function framedReply(writer: DataFrameWriter): Reply {
  return bytesReply(writer.finish());
}

/** UTF-8 text. */
export function textReply(text: string, headers: Readonly<Record<string, string>> = noHeaders, status = 200): Reply {
  return { status, headers, body: utf8Encode(text) };
}

/** JSON without white space. */
export function jsonReply(value: unknown, headers: Readonly<Record<string, string>> = noHeaders, status = 200): Reply {
  return textReply(JSON.stringify(value), headers, status);
}

/** The headers of content that never changes under its CID (chapter 02 section 2.5), with exactly the protocol's text. */
export function immutableHeaders(cid: string): Readonly<Record<string, string>> {
  return { 'cache-control': 'public, max-age=31622400 immutable', etag: `"${cid}"` };
}
