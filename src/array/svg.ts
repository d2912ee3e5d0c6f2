/**
 * @file Drawing a grid of blocks as SVG: one axis as a bar, two as a grid, three as a skewed box,
 * more as groups of up to three side by side. Colours follow the page (`currentColor`), and however
 * many blocks there are, at most a few dozen lines are drawn. The look is that of Dask's array
 * pictures.
 */
import { type Chunks, offsetsOf, shapeOf } from "./chunks.ts";
import { arraySettings } from "./settings.ts";

/** More lines than this cannot be told apart. */
const MOST_LINES = 24;
/** Room for the labels right and below, in pixels. */
const MARGIN = 44;
/** How far the depth of a box leans to the right and down. */
const LEAN = 0.5;

type Point = readonly [number, number];

/** The picture of a known, non-scalar array; empty text when an axis has length 0. */
export function drawGrid(chunks: Chunks, size: number = arraySettings().svgSize): string {
  const shape = shapeOf(chunks);
  if (shape.length === 0 || shape.some((length) => !(length > 0))) return "";
  const groups = groupsOf(chunks);
  let x = 8;
  const parts = groups.map((group) => {
    const { body, width, height } = drawGroup(group, size, x);
    x += width + MARGIN;
    return { body, height };
  });
  const height = Math.max(...parts.map((part) => part.height)) + MARGIN;
  const body = parts.map((part) => part.body).join("");
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${round(x + 8)}" height="${round(height)}" ` +
    `stroke="currentColor" fill="none" font-size="11" role="img" aria-label="chunk grid of shape ` +
    `${shape.join(" x ")}">${body}</svg>`
  );
}

/** Axes in groups of at most three, the last axes together. */
function groupsOf(chunks: Chunks): Chunks[] {
  const first = chunks.length % 3;
  const groups = first === 0 ? [] : [chunks.slice(0, first)];
  for (let axis = first; axis < chunks.length; axis += 3) groups.push(chunks.slice(axis, axis + 3));
  return groups;
}

interface Drawn {
  readonly body: string;
  readonly width: number;
  readonly height: number;
}

function drawGroup(chunks: Chunks, size: number, x: number): Drawn {
  const shape = shapeOf(chunks);
  const sides = sidesOf(shape, size);
  const marks = chunks.map((blocks, axis) => marksOf(blocks, sides[axis] as number));
  if (chunks.length === 1) {
    const [across] = marks as [number[]];
    const height = Math.min(size / 5, 30);
    return {
      body:
        face([x, 8], across, [0, height], [1, 0], [0, 1]) +
        label(x + (sides[0] as number) / 2, height + 24, shape[0]),
      width: sides[0] as number,
      height: height + 16,
    };
  }
  if (chunks.length === 2) return drawPlane(marks, sides, shape, x);
  return drawBox(marks, sides, shape, x);
}

function drawPlane(marks: number[][], sides: number[], shape: number[], x: number): Drawn {
  const [down, across] = marks as [number[], number[]];
  const [height, width] = sides as [number, number];
  return {
    body:
      face([x, 8], across, down, [1, 0], [0, 1]) +
      label(x + width / 2, height + 24, shape[1]) +
      label(x + width + 20, 12 + height / 2, shape[0]),
    width,
    height: height + 16,
  };
}

function drawBox(marks: number[][], sides: number[], shape: number[], x: number): Drawn {
  const [deep, down, across] = marks as [number[], number[], number[]];
  const [depth, height, width] = sides as [number, number, number];
  const shift = depth * LEAN;
  const top: Point = [x, 8];
  const front: Point = [x + shift, 8 + shift];
  return {
    body:
      face(top, deep, down, [LEAN, LEAN], [0, 1]) +
      face(top, across, deep, [1, 0], [LEAN, LEAN]) +
      face(front, across, down, [1, 0], [0, 1]) +
      label(front[0] + width / 2, front[1] + height + 16, shape[2]) +
      label(front[0] + width + 20, front[1] + height / 2, shape[1]) +
      label(Math.max(x + shift / 2 - 10, x), 30 + height + shift / 2, shape[0]),
    width: width + shift,
    height: height + shift + 16,
  };
}

/** A parallelogram with lines between blocks: `u` along the first marks, `v` along the second. */
function face(
  [x, y]: Point,
  first: readonly number[],
  second: readonly number[],
  [ux, uy]: Point,
  [vx, vy]: Point,
): string {
  const [a, b] = [first.at(-1) ?? 0, second.at(-1) ?? 0];
  const at = (s: number, t: number): string =>
    `${round(x + s * ux + t * vx)} ${round(y + s * uy + t * vy)}`;
  const outline = `M${at(0, 0)}L${at(a, 0)}L${at(a, b)}L${at(0, b)}Z`;
  const lines =
    first.map((s) => `M${at(s, 0)}L${at(s, b)}`).join("") +
    second.map((t) => `M${at(0, t)}L${at(a, t)}`).join("");
  return (
    `<path d="${outline}" fill="#e8a33d" fill-opacity="0.55" stroke-width="1.5"/>` +
    `<path d="${lines}" stroke-width="0.6"/>`
  );
}

function label(x: number, y: number, length: number | undefined): string {
  return `<text x="${round(x)}" y="${round(y)}" fill="currentColor" stroke="none" text-anchor="middle">${length}</text>`;
}

/** Lengths in pixels: in proportion, but a long thin array keeps a visible width. */
function sidesOf(shape: readonly number[], size: number): number[] {
  const longest = Math.max(...shape);
  return shape.map((length) => {
    const ratio = longest / Math.max(1, length);
    return ratio <= 10 ? size / ratio : size / Math.min(20, 10 + Math.log10(ratio / 10));
  });
}

/** Where blocks meet, in pixels from 0 to `side`; thinned out when there are too many. */
function marksOf(blocks: readonly number[], side: number): number[] {
  const offsets = offsetsOf(blocks);
  const total = offsets[offsets.length - 1] as number;
  const step = Math.max(1, Math.ceil(blocks.length / MOST_LINES));
  const marks: number[] = [];
  for (let i = 0; i < blocks.length; i += step) marks.push(((offsets[i] as number) / total) * side);
  marks.push(side);
  return marks;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
