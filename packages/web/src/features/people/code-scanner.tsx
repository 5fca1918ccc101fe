import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Notice } from '../../ui/notice.js';
import { type CameraProblem, closeCamera, openCamera } from './open-camera.js';
import styles from './people.module.css';
import { CodeReader, isSafetyCode } from './read-code.js';

/** Milliseconds between two looks at what the camera sees: often enough for a hand that holds still, and no work for the rest of the time. */
const LOOK = 150;

/** Reads the code of a safety number from what a camera sees. The camera is on as long as this is shown. */
export function CodeScanner({ onRead, onClose }: { readonly onRead: (code: string) => void; readonly onClose: () => void }): ReactNode {
  const text = useText();
  const video = useRef<HTMLVideoElement>(null);
  const [problem, setProblem] = useState<CameraProblem | undefined>(undefined);
  const [isOn, setOn] = useState(false);
  /** A code was seen that is of something else. */
  const [isOther, setOther] = useState(false);
  const told = useRef(onRead);
  useEffect(() => {
    told.current = onRead;
  }, [onRead]);

  useEffect(() => {
    const end = new AbortController();
    const { signal } = end;
    const reader = new CodeReader();
    const run = async (): Promise<void> => {
      const opened = await openCamera();
      if (typeof opened === 'string') {
        if (!signal.aborted) setProblem(opened);
        return;
      }
      try {
        const { current: shown } = video;
        if (signal.aborted || shown === null) return;
        shown.srcObject = opened;
        await shown.play();
        setOn(true);
        while (!hasEnded(signal, opened)) {
          const code = await reader.read({ source: shown, width: shown.videoWidth, height: shown.videoHeight });
          if (hasEnded(signal, opened)) break;
          if (code !== undefined && isSafetyCode(code)) {
            told.current(code);
            return;
          }
          if (code !== undefined) setOther(true);
          await new Promise((resolve) => setTimeout(resolve, LOOK));
        }
        // Somebody has pulled it out, or taken the permission back.
        if (!signal.aborted) setProblem('busy');
      } catch {
        if (!signal.aborted) setProblem('failed');
      } finally {
        closeCamera(opened);
      }
    };
    void run();
    return () => {
      end.abort();
      const stream = video.current?.srcObject;
      if (stream instanceof MediaStream) closeCamera(stream);
    };
  }, []);

  return (
    <div className={styles['scanner']}>
      {problem === undefined ? (
        <>
          <p role="status">{text(isOther ? 'scan.other' : isOn ? 'scan.aim' : 'scan.opening')}</p>
          <video ref={video} className={styles['camera']} muted playsInline aria-label={text('scan.picture')} />
        </>
      ) : (
        <Notice kind="problem">{text(`scan.problem.${problem}`)}</Notice>
      )}
      <Button icon="close" onPress={onClose}>
        {text('scan.stop')}
      </Button>
    </div>
  );
}

function hasEnded(signal: AbortSignal, stream: MediaStream): boolean {
  return signal.aborted || !stream.active;
}
