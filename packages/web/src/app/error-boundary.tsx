import { Component, type ReactNode } from 'react';
import { useText } from '../i18n/text.js';
import { Button } from '../ui/button.js';
import styles from './error-boundary.module.css';

interface ErrorBoundaryState {
  /** `old`: a part of this version of the page is not to be had any more. */
  readonly failure: 'bug' | 'old' | undefined;
}

/** Keeps a bug in one part of the page from taking the rest with it: says so in its place, and offers to begin again. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, ErrorBoundaryState> {
  override state: ErrorBoundaryState = { failure: undefined };

  /** Called by React. */
  static getDerivedStateFromError(error: unknown): ErrorBoundaryState {
    return { failure: isMissingPart(error) ? 'old' : 'bug' };
  }

  override render(): ReactNode {
    const { failure } = this.state;
    return failure === undefined ? this.props.children : <Failed isOld={failure === 'old'} />;
  }
}

/** Whether a part of the page could not be loaded: the server has a newer version by now, or is away. Browsers have no code for that, only words. */
function isMissingPart(error: unknown): boolean {
  return error instanceof Error && /dynamically imported module|importing a module script|preload css/iu.test(error.message);
}

function Failed({ isOld }: { readonly isOld: boolean }): ReactNode {
  const text = useText();
  return (
    <div className={styles['failed']} role="alert">
      <h1>{text(isOld ? 'app.old' : 'app.failed')}</h1>
      <p>{text(isOld ? 'app.old.help' : 'app.failed.help')}</p>
      <Button
        kind="primary"
        onPress={() => {
          location.reload();
        }}
      >
        {text('app.reload')}
      </Button>
    </div>
  );
}
