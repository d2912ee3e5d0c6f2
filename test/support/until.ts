/** @file Waiting for what announces itself to nobody: the state of other programs. */

const POLL_MS = 100;

/** Resolves when it is so; rejects when it is not within the time (30,000). */
export async function until(isSo: () => boolean, withinMs = 30_000): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`it is not so within ${withinMs} ms: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
