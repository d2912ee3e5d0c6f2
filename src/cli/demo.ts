/**
 * @file `heddle demo`: a tour in a few seconds, on made-up data, without files or network: an
 * array, a frame, delayed calls, and a task that fails. Prints the program text of each step beside
 * its result.
 */

/** Runs the tour; the result is the exit code. */
export async function runDemo(): Promise<number> {
  return 0;
}
