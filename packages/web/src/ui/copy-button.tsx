import { type ReactNode, useState } from 'react';
import { useText } from '../i18n/text.js';
import { Button } from './button.js';

/** Puts a text into the clipboard and says so, or says that the browser does not allow it (outside secure contexts there is no clipboard). */
export function CopyButton({ value }: { readonly value: string }): ReactNode {
  const text = useText();
  const [result, setResult] = useState<{ readonly value: string; readonly isCopied: boolean } | undefined>(undefined);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(value);
      setResult({ value, isCopied: true });
    } catch {
      setResult({ value, isCopied: false });
    }
  };
  return (
    <>
      <Button kind="quiet" icon="copy" onPress={() => void copy()}>
        {text('action.copy')}
      </Button>
      <span role="status">{result?.value === value ? text(result.isCopied ? 'action.copied' : 'action.copy.failed') : ''}</span>
    </>
  );
}
