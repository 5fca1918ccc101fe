/** Why there is no picture of a camera. `insecure`: browsers give it to secure pages only. */
export type CameraProblem = 'insecure' | 'refused' | 'none' | 'busy' | 'failed';

const byName: ReadonlyMap<string, CameraProblem> = new Map<string, CameraProblem>([
  ['NotAllowedError', 'refused'],
  ['SecurityError', 'refused'],
  ['NotFoundError', 'none'],
  ['OverconstrainedError', 'none'],
  ['NotReadableError', 'busy'],
  ['AbortError', 'busy'],
]);

/** Asks for a camera, that on the back of a phone if there is one. Whoever gets it ends its tracks. */
export async function openCamera(): Promise<MediaStream | CameraProblem> {
  // The types promise what only secure pages have.
  const devices: MediaDevices | undefined = navigator.mediaDevices;
  if (devices === undefined) return 'insecure';
  try {
    return await devices.getUserMedia({ video: { facingMode: 'environment', width: { ideal: 1280 } }, audio: false });
  } catch (error) {
    return (error instanceof DOMException ? byName.get(error.name) : undefined) ?? 'failed';
  }
}

/** Switches a camera off. */
export function closeCamera(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
