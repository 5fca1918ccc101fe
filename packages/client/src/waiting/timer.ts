/** Calls `fire` once after some milliseconds; returns how to prevent it. */
export type SetTimer = (milliseconds: number, fire: () => void) => () => void;

/** The timer of the platform. */
export const platformTimer: SetTimer = (milliseconds, fire) => {
  const timer = setTimeout(fire, milliseconds);
  return () => clearTimeout(timer);
};
