/**
 * @file How members of a gang in threads of one process come to share memory: the first of them
 * makes it and posts it to the threads of the others, under a name that nobody else has.
 */
import { postMessageToThread } from "node:worker_threads";
import type { ActorPlace } from "../actors/handle.ts";
import type { HeddleError } from "../core/errors.ts";
import { gangMemory } from "./gang-memory.ts";

/** Posted to a thread; other listeners of the thread see it, too. */
interface Offer {
  readonly heddleGang: string;
  readonly buffer: SharedArrayBuffer;
}

interface Slot {
  readonly buffer: Promise<SharedArrayBuffer>;
  readonly resolve: (buffer: SharedArrayBuffer) => void;
  readonly reject: (error: HeddleError) => void;
}

/** What has been offered to this thread, or is awaited, by name. */
const offers = new Map<string, Slot>();

/** Ranks in each process, by the first of them. */
export function ranksByProcess(places: readonly ActorPlace[]): number[][] {
  const found = new Map<string, number[]>();
  for (const [rank, { host, pid, worker }] of places.entries()) {
    // Hosts may have the same name, but not the same worker.
    const key = `${host}/${pid}/${worker}`;
    found.set(key, [...(found.get(key) ?? []), rank]);
  }
  return [...found.values()];
}

/** From now on what others offer is kept. */
export function hearOffers(): void {
  if (!process.listeners("workerMessage").includes(take)) process.on("workerMessage", take);
}

/** Makes memory for as many members, and gives it to the other ones' threads. */
export async function offerMemory(
  name: string,
  members: number,
  threads: readonly number[],
): Promise<SharedArrayBuffer> {
  const buffer = gangMemory(members);
  const offer: Offer = { heddleGang: name, buffer };
  await Promise.all(threads.map((thread) => postMessageToThread(thread, offer)));
  return buffer;
}

/** Waits for what is offered under the name. */
export async function offeredMemory(name: string): Promise<SharedArrayBuffer> {
  return await slotOf(name).buffer;
}

/** Nothing is awaited under the name any more. */
export function refuseOffer(name: string, error: HeddleError): void {
  slotOf(name).reject(error);
  offers.delete(name);
}

function take(offer: Partial<Offer> | null): void {
  const { heddleGang, buffer } = offer ?? {};
  if (heddleGang !== undefined && buffer !== undefined) slotOf(heddleGang).resolve(buffer);
}

function slotOf(name: string): Slot {
  const known = offers.get(name);
  if (known !== undefined) return known;
  let resolve: Slot["resolve"] = () => undefined;
  let reject: Slot["reject"] = () => undefined;
  const offered = new Promise<SharedArrayBuffer>((done, fail) => {
    resolve = done;
    reject = fail;
  });
  // Nobody may be waiting when it is refused.
  offered.catch(() => undefined);
  const slot = { buffer: offered, resolve, reject };
  offers.set(name, slot);
  return slot;
}
