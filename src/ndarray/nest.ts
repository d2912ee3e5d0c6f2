/**
 * @file Loops over several layouts at once: broadcast operands reduced to the fewest dimensions, so
 * that most arrays become one long loop. Used by copying and by both kernel back ends.
 */
import type { AnyTypedArray } from "../core/dtype.ts";
import { slotsOf } from "../core/dtype.ts";
import { broadcastStrides, type Layout } from "./layout.ts";

/** A loop nest: lengths of its dimensions, and the strides of every operand along them. */
export interface Nest {
  readonly shape: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/**
 * Drops dimensions of length 1, orders the rest so that the first operand's smallest stride is
 * innermost, and joins neighbours that all operands walk through evenly. At least one dimension
 * remains.
 */
export function simplifyNest(nest: Nest, keepOrder = false): Nest {
  const axes = nest.shape.map((_, axis) => axis).filter((axis) => nest.shape[axis] !== 1);
  if (!keepOrder) {
    const weight = (axis: number): number =>
      Math.abs(nest.strides.map((s) => s[axis] as number).find((s) => s !== 0) ?? 0);
    axes.sort((a, b) => weight(b) - weight(a) || a - b);
  }
  const shape: number[] = [];
  const strides: number[][] = nest.strides.map(() => []);
  for (const axis of axes) {
    const length = nest.shape[axis] as number;
    const last = shape.length - 1;
    const joins =
      last >= 0 &&
      strides.every((own, k) => own[last] === (nest.strides[k]?.[axis] as number) * length);
    if (joins) shape[last] = (shape[last] as number) * length;
    else shape.push(length);
    strides.forEach((own, k) => {
      own[joins ? last : last + 1] = nest.strides[k]?.[axis] as number;
    });
  }
  if (shape.length > 0) return { shape, strides };
  return { shape: [1], strides: nest.strides.map(() => [0]) };
}

/**
 * Calls `visit(offsets)` for every position of the dimensions before the last `inner` ones;
 * `offsets` is reused.
 */
export function forEachOuter(
  nest: Nest,
  inner: number,
  start: readonly number[],
  visit: (offsets: readonly number[]) => void,
): void {
  if (nest.shape.includes(0)) return;
  const outer = nest.shape.length - inner;
  const offsets = [...start];
  const at = new Array<number>(Math.max(0, outer)).fill(0);
  for (;;) {
    visit(offsets);
    let axis = outer - 1;
    for (; axis >= 0; axis--) {
      const next = (at[axis] as number) + 1;
      const wraps = next === nest.shape[axis];
      at[axis] = wraps ? 0 : next;
      for (let k = 0; k < offsets.length; k++) {
        const stride = nest.strides[k]?.[axis] as number;
        offsets[k] = (offsets[k] as number) + (wraps ? -stride * (next - 1) : stride);
      }
      if (!wraps) break;
    }
    if (axis < 0) return;
  }
}

/** A copy as a nest: the strides of the target, then those of the source. */
export function copyNest(target: Layout, source: Layout): Nest {
  const strides = broadcastStrides(source.shape, source.strides, target.shape);
  return simplifyNest({ shape: target.shape, strides: [target.strides, strides] });
}

/** Copies along a nest in JavaScript; rows without gaps as wholes. */
export function copyElements(nest: Nest, target: Layout, source: Layout): void {
  const slots = slotsOf(target.dtype);
  const to = target.storage.values;
  const from = source.storage.values;
  const count = nest.shape.at(-1) as number;
  const [step, sourceStep] = nest.strides.map((s) => s.at(-1) as number) as [number, number];
  forEachOuter(nest, 1, [target.offset, source.offset], ([at, sourceAt]) => {
    const a = (at as number) * slots;
    const b = (sourceAt as number) * slots;
    if (step === 1 && sourceStep === 1) copyRun(to, a, from, b, count * slots);
    else if (step === 1 && sourceStep === 0 && slots === 1) to.fill(from[b] as never, a, a + count);
    else if (slots === 1) copyStrided(to, a, step, from, b, sourceStep, count);
    else copyPairs(to, a, 2 * step, from, b, 2 * sourceStep, count);
  });
}

function copyRun(to: AnyTypedArray, a: number, from: AnyTypedArray, b: number, n: number): void {
  if (n < 16) for (let i = 0; i < n; i++) to[a + i] = from[b + i] as never;
  else to.set(from.subarray(b, b + n) as never, a);
}

function copyStrided(
  to: AnyTypedArray,
  a: number,
  step: number,
  from: AnyTypedArray,
  b: number,
  sourceStep: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) to[a + i * step] = from[b + i * sourceStep] as never;
}

function copyPairs(
  to: AnyTypedArray,
  a: number,
  step: number,
  from: AnyTypedArray,
  b: number,
  sourceStep: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    to[a + i * step] = from[b + i * sourceStep] as never;
    to[a + i * step + 1] = from[b + i * sourceStep + 1] as never;
  }
}
