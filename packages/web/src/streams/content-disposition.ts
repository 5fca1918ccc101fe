/** A text in which halves of characters are replaced, as `String.prototype.toWellFormed` does, which not every browser has. */
export function wellFormed(text: string): string {
  return text.replaceAll(/[\ud800-\udfff]/gu, '\ufffd');
}

/** The header that makes a browser store something under a name. Any name: what is not plain ASCII is encoded (RFC 6266, RFC 8187). */
export function attachment(name: string): string {
  const wellFormedName = wellFormed(name);
  const plain = wellFormedName.replaceAll(/[^\x20-\x7e]|["\\%]/gu, '_');
  const encoded = encodeURIComponent(wellFormedName).replaceAll(/['()*]/gu, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
