/**
 * @file Where callers reach the actors of a thread: ports that other threads of the process offer,
 * and a listener of the thread's own for other processes, opened with the first actor.
 */
import { threadId, workerData } from "node:worker_threads";
import { ownAccess } from "./access.ts";
import { type Channel, CommChannel, PortChannel } from "./channel.ts";
import { type ActorPlace, ownHost } from "./handle.ts";
import { actorHello, type PortOffer } from "./hello.ts";
import { type FromActors, fromActors, type ToActors, toActors } from "./messages.ts";

/** Whoever has the actors of this thread. */
export interface Doorkeeper {
  has(actor: string): boolean;
  accept(channel: Channel<ToActors, FromActors>): void;
}

interface ThreadFacts {
  readonly address?: string;
  readonly cluster?: { readonly scheduler: string };
}

let keeper: Doorkeeper | undefined;
let place: Promise<ActorPlace> | undefined;

/** Opens the door of this thread; says where it is. */
export async function openDoor(doorkeeper: Doorkeeper): Promise<ActorPlace> {
  keeper = doorkeeper;
  place ??= open();
  return await place;
}

/** Gives a port to this very thread; false when another one is meant. */
export function offerHere(thread: number, offer: PortOffer): boolean {
  if (thread !== threadId || keeper?.has(offer.heddleActor) !== true) return false;
  keeper.accept(new PortChannel(offer.port as never));
  return true;
}

async function open(): Promise<ActorPlace> {
  process.on("workerMessage", take);
  const { address = "", cluster } = (workerData ?? {}) as ThreadFacts;
  return {
    host: ownHost(),
    pid: process.pid,
    thread: threadId,
    contact: cluster === undefined ? "" : await openListener(address),
    worker: address,
    scheduler: cluster?.scheduler ?? "",
  };
}

/** Another thread offers a port; what is thrown here reaches it. */
function take(offer: Partial<PortOffer> | null): void {
  const { heddleActor, port } = offer ?? {};
  if (heddleActor === undefined || port === undefined) return;
  if (keeper?.has(heddleActor) !== true) throw new Error("no such actor lives here");
  keeper.accept(new PortChannel(port as never));
}

/** Listens where the worker does, on a port of its own. */
async function openListener(worker: string): Promise<string> {
  const { formatAddress, listen, parseAddress } = await import("../comm/index.ts");
  const { token, security } = (await ownAccess()) ?? {};
  const address = parseAddress(worker);
  const isNetwork = address.scheme === "tcp" || address.scheme === "tls";
  const own = isNetwork ? formatAddress({ ...address, port: 0, portLast: 0 }) : worker;
  const listener = await listen<ToActors, FromActors>(own, {
    hello: actorHello("worker"),
    token,
    security,
    incoming: toActors,
    outgoing: fromActors,
    accept: (comm) => keeper?.accept(new CommChannel(comm)),
  });
  return listener.contactAddress;
}
