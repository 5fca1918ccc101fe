import { expect, test } from 'vitest';
import { squareOf, WHOLE } from './crop-picture.js';

test('the square of a picture', () => {
  expect(squareOf({ width: 400, height: 300 }, WHOLE)).toEqual({ left: 50, top: 0, side: 300 });
  expect(squareOf({ width: 400, height: 300 }, { zoom: 2, x: 0, y: 1 })).toEqual({ left: 0, top: 150, side: 150 });
  expect(squareOf({ width: 10, height: 10 }, { zoom: 0, x: 0.5, y: 0.5 })).toEqual({ left: 0, top: 0, side: 10 });
});
