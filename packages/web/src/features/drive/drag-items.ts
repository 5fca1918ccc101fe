import type { DragEvent } from 'react';
import { canMoveInto } from './drive-actions.js';

/** A mark that tells our own drags from those of other programs. Names are not in it: whoever it is dropped onto could read them. */
const TYPE = 'application/x-pyrgos-items';

let dragged: readonly string[] = [];

/** Begins to drag things; call it in the handler of `dragstart`. */
export function startDrag({ dataTransfer }: DragEvent, paths: readonly string[]): void {
  dragged = paths;
  dataTransfer.setData(TYPE, '');
  dataTransfer.effectAllowed = 'move';
}

/** Call it in the handler of `dragend`, which comes whatever became of the drag. */
export function endDrag(): void {
  dragged = [];
}

/** The handlers of an element that stands for a directory, into which things can be dropped that fit in there. */
export function moveHandlers(
  directory: string,
  onOver: (isOver: boolean) => void,
  onMove: (paths: readonly string[], directory: string) => void,
): Readonly<Record<'onDragOver' | 'onDragLeave' | 'onDrop', (event: DragEvent) => void>> {
  const fits = ({ dataTransfer }: DragEvent): boolean =>
    dataTransfer.types.includes(TYPE) && dragged.length > 0 && canMoveInto(dragged, directory);
  return {
    onDragOver: (event) => {
      if (!fits(event)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = 'move';
      onOver(true);
    },
    onDragLeave: ({ currentTarget, relatedTarget }) => {
      if (!(relatedTarget instanceof Node) || !currentTarget.contains(relatedTarget)) onOver(false);
    },
    onDrop: (event) => {
      if (!fits(event)) return;
      event.preventDefault();
      event.stopPropagation();
      onOver(false);
      onMove(dragged, directory);
    },
  };
}
