/** 128 random bits as hex: a name that nobody guesses. `crypto.randomUUID` is there on secure pages only. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
