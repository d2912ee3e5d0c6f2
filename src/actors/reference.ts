/**
 * @file Objects that stand for actors: one refers to its actor from the moment it is made until it
 * is released or collected, and so keeps it alive.
 */
import type { ActorHandle } from "./handle.ts";

/** Under which an object that stands for an actor has its reference. */
export const ACTOR: unique symbol = Symbol.for("heddle.actor") as never;

/** Holds that the actors' threads have not confirmed yet. */
const confirming = new Set<Promise<void>>();

/** Resolves when the actors that have come so far are held. */
export async function heldHere(): Promise<void> {
  if (confirming.size > 0) await Promise.all(confirming);
}

const releases = new FinalizationRegistry<() => void>((release) => release());

/** What one object has to do with its actor. */
export class ActorReference {
  readonly handle: ActorHandle;
  /** Resolves when the actor's thread knows of this reference, or there is no such actor. */
  readonly held: Promise<void>;
  readonly #release: () => void;
  #isReleased = false;

  constructor(handle: ActorHandle) {
    this.handle = handle;
    const holding = import("./links.ts").then(async (links) => {
      await links.holdActor(handle);
    });
    this.held = holding.catch(() => undefined);
    const { held } = this;
    confirming.add(held);
    this.whenHeld(() => confirming.delete(held));
    this.#release = releaseOf(handle, held);
    releases.register(this, this.#release, this);
  }

  /** Calls `done` when the actor's thread knows of this reference. */
  whenHeld(done: () => void): void {
    this.held.then(done, done);
  }

  /** The object needs the actor no more. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    releases.unregister(this);
    this.#release();
  }
}

/** Must not refer to the reference, or it would never be collected. */
function releaseOf(handle: ActorHandle, held: Promise<void>): () => void {
  return () => {
    held.then(async () => (await import("./links.ts")).dropActor(handle)).catch(() => undefined);
  };
}
