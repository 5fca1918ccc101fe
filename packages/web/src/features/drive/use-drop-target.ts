import { type DragEvent, useState } from 'react';
import { type Drop, itemsOfDrop } from '../transfers/dropped-items.js';

/** Lets files and folders of the device be dropped onto an element. */
export function useDropTarget(onDrop: (drop: Drop) => void): {
  readonly isOver: boolean;
  readonly handlers: Readonly<Record<'onDragEnter' | 'onDragOver' | 'onDragLeave' | 'onDrop', (event: DragEvent) => void>>;
} {
  // Entering a child comes before leaving its parent.
  const [depth, setDepth] = useState(0);
  const hasFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer.types.includes('Files');
  return {
    isOver: depth > 0,
    handlers: {
      onDragEnter: (event) => {
        if (hasFiles(event)) setDepth((before) => before + 1);
      },
      onDragOver: (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = 'copy';
      },
      onDragLeave: (event) => {
        if (hasFiles(event)) setDepth((before) => Math.max(0, before - 1));
      },
      onDrop: (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setDepth(0);
        void itemsOfDrop(event.dataTransfer).then(onDrop);
      },
    },
  };
}
