/**
 * @file A thread's output goes through the thread that started it: ending at once would lose what
 * was printed last.
 */

/** Resolves when all that this thread has printed so far is on its way. */
export async function flushOutput(): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map(flush));
}

async function flush(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.write("", () => resolve());
  });
}
