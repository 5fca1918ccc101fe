import { PyrgosError } from '@pyrgos/client';

/** Longest name of a file that common disks take, in bytes of UTF-8. */
const MAX_NAME_BYTES = 255;
/** Names that Windows keeps for devices, whatever follows after a dot. */
const DEVICES = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?$/i;
/** Characters that no name can have on Windows. */
// oxlint-disable-next-line no-control-regex
const FORBIDDEN_ON_WINDOWS = /[\u0000-\u001f<>:"/\\|?*]/;

/**
 * Requires a name from the server to be the name of one file in a folder of this machine, nothing else: no path, no device, no other stream. PyrgosError
 * `unsupported` for one that the disk cannot have, or that would lead out of the folder.
 */
export function assertLocalName(name: string, platform: NodeJS.Platform = process.platform): void {
  const problem = problemOf(name, platform);
  if (problem !== undefined)
    throw new PyrgosError('unsupported', `a disk cannot have this name (${problem}): rename it, or get it under another name`);
}

function problemOf(name: string, platform: NodeJS.Platform): string | undefined {
  if (name === '' || name === '.' || name === '..') return 'it is no name';
  if (name.includes('/') || name.includes('\0')) return 'it has a slash or NUL in it';
  if (/\p{Cs}/u.test(name)) return 'it is no text';
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `it has more than ${MAX_NAME_BYTES} bytes`;
  if (platform !== 'win32') return undefined;
  if (FORBIDDEN_ON_WINDOWS.test(name)) return 'Windows does not allow one of its characters';
  if (DEVICES.test(name)) return 'Windows keeps it for a device';
  return /[. ]$/.test(name) ? 'Windows does not allow a dot or blank at the end' : undefined;
}
