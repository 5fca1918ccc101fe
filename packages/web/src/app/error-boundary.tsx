import { Component, type ReactNode } from 'react';
import { useText } from '../i18n/text.js';
import { Button } from '../ui/button.js';
import styles from './error-boundary.module.css';

/** Keeps a bug in one part of the page from taking the rest with it: says so in its place, and offers to begin again. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, { readonly hasFailed: boolean }> {
  override state = { hasFailed: false };

  /** Called by React. */
  static getDerivedStateFromError(): { readonly hasFailed: boolean } {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    return this.state.hasFailed ? <Failed /> : this.props.children;
  }
}

function Failed(): ReactNode {
  const text = useText();
  return (
    <div className={styles['failed']} role="alert">
      <h1>{text('app.failed')}</h1>
      <p>{text('app.failed.help')}</p>
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
