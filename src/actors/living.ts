/**
 * @file How many actors live in this thread. It is told to whoever might end the thread, and says
 * it without loading what makes actors.
 */

let count = 0;
let listener: (count: number) => void = () => undefined;

/** An actor was made (1), or is gone (-1). */
export function countActor(change: 1 | -1): void {
  count += change;
  listener(count);
}

/** Calls the listener whenever there are more or fewer of them. */
export function onLivingActors(told: (count: number) => void): void {
  listener = told;
}
