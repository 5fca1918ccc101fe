/** A type that can stand in a header. */
const MIME_TYPE = /^[a-z0-9.+-]{1,64}\/[a-z0-9.+-]{1,64}(?:; ?charset=[a-z0-9-]{1,32})?$/iu;

/** The type that the writer of a file says it has, if that can be sent; else that of any bytes. */
export function storedType(mimeType: string): string {
  return MIME_TYPE.test(mimeType) ? mimeType : 'application/octet-stream';
}
