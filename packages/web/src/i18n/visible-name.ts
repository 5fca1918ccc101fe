/**
 * Characters that nobody sees but that change how what is around them looks: controls of writing direction, which can make `exe.png` of `gnp.exe`; line breaks and other
 * controls; spaces without width; halves of characters. The joiners that emoji and some scripts are written with are not among them.
 */
const INVISIBLE = /[\p{Cc}\p{Cs}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;

/** A name as it is shown everywhere: what is invisible in it is written out, so that no name looks like another one. For reading only: it leads to no file. */
export function visibleName(name: string): string {
  return name.replaceAll(INVISIBLE, (char) => `‹U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}›`);
}
