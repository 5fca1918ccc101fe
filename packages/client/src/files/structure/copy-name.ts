import { MAX_FILE_NAME_LENGTH } from '@pyrgos/core/limits';

/** The name without its extension, and that with its dot; a dot at the start or the end makes none (chapter 04 section 20.1). */
function splitName(name: string): readonly [stem: string, extension: string] {
  const dot = name.lastIndexOf('.');
  return dot <= 0 || dot === name.length - 1 ? [name, ''] : [name.slice(0, dot), name.slice(dot)];
}

/**
 * The first free name of `base.ext`, `base (copy).ext`, `base (copy 2).ext`, … (chapter 04 section 20.1). The stem of a name that would
 * become too long is shortened.
 */
export function freeCopyName(name: string, isTaken: (name: string) => boolean): string {
  if (!isTaken(name)) return name;
  const [stem, extension] = splitName(name);
  for (let n = 1; ; n++) {
    const mark = n === 1 ? ' (copy)' : ` (copy ${n})`;
    const room = MAX_FILE_NAME_LENGTH - mark.length - extension.length;
    const candidate = room > 0 ? shortened(stem, room) + mark + extension : shortened(name, MAX_FILE_NAME_LENGTH - mark.length) + mark;
    if (!isTaken(candidate)) return candidate;
  }
}

/** At most `length` code units, without half of a character at the end. */
function shortened(text: string, length: number): string {
  if (text.length <= length) return text;
  const cut = text.slice(0, length);
  const last = cut.charCodeAt(cut.length - 1);
  return last >= 0xd8_00 && last <= 0xdb_ff ? cut.slice(0, -1) : cut;
}
