/** @file How one figure is measured: a run that warms up, then rounds until time is up. */

/** At least this many rounds count, whatever they take, unless fewer are wanted. */
const ROUNDS_MIN = 2;

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Calls `run` up to `rounds` times after one call that warms up, and stops earlier once `seconds`
 * have passed. Gives the median and the two ends.
 */
export async function measure(run, { rounds, seconds }) {
  const startMs = performance.now();
  await run();
  const figures = [];
  while (figures.length < rounds) {
    figures.push(await run());
    const isLate = performance.now() - startMs > 1000 * seconds;
    if (isLate && figures.length >= Math.min(rounds, ROUNDS_MIN)) break;
  }
  return {
    median: median(figures),
    low: Math.min(...figures),
    high: Math.max(...figures),
    rounds: figures.length,
  };
}

/** For what takes minutes, in a process of its own. */
export async function measureOnce(run) {
  const figure = await run();
  return { median: figure, low: figure, high: figure, rounds: 1 };
}

/** Milliseconds that `work` takes. */
export async function timeMs(work) {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

/** Throws when what was measured is not what was meant. */
export function check(condition, message) {
  if (!condition) throw new Error(`the benchmark is wrong: ${message}`);
}
