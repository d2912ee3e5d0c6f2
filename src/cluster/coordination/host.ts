/**
 * @file The shell of the coordination machine: questions of clients go in, answers go out, tasks
 * are wanted and released under an owner of its own, and a timer steps the machine when it asks.
 */
import { CoordinationMachine } from "../../machine/coordination/coordination.ts";
import type { CoordinationCommand, CoordinationEvent } from "../../machine/coordination/events.ts";
import type { SchedulerEvent } from "../../machine/scheduler/events.ts";
import type { EngineMessage } from "../messages.ts";

/** What the shell needs of the scheduler that it belongs to. */
export interface CoordinationOutlets {
  /** Tells the scheduler machine, and sees to it that clients hear what was posted. */
  tell(events: readonly SchedulerEvent[]): void;
  post(client: number, message: EngineMessage): void;
  /** Notes a step for those who start anew, before anybody hears of it. */
  note?(event: CoordinationEvent | undefined, nowMs: number): void;
}

/** The client of the scheduler machine that owns what queues, variables and datasets refer to. */
const OWNER = -1;
/** A timer of a longer delay would fire at once. */
const DELAY_MS_MAX = 2 ** 31 - 1;

export class CoordinationHost {
  #machine: CoordinationMachine;
  readonly #outlets: CoordinationOutlets;
  #timer: NodeJS.Timeout | undefined;

  constructor(outlets: CoordinationOutlets, machine: CoordinationMachine) {
    this.#outlets = outlets;
    this.#machine = machine;
  }

  /** Goes on with what another has left: deadlines begin again. */
  resume(): CoordinationMachine {
    const nowMs = clockMs();
    const { machine, commands } = CoordinationMachine.restore(this.#machine.snapshot(), nowMs);
    this.#machine = machine;
    for (const command of commands) this.#obey(command, nowMs);
    return machine;
  }

  /** Handles an event of a client now. */
  take(event: CoordinationEvent): void {
    this.#step(event);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #step(event?: CoordinationEvent): void {
    const nowMs = clockMs();
    const commands = this.#machine.step(event === undefined ? [] : [event], nowMs);
    this.#outlets.note?.(event, nowMs);
    for (const command of commands) this.#obey(command, nowMs);
  }

  #obey(command: CoordinationCommand, nowMs: number): void {
    switch (command.kind) {
      case "answer":
      case "refuse":
      case "event": {
        const { client, ...news } = command;
        this.#outlets.post(client, { kind: "coordinated", news });
        return;
      }
      case "want":
      case "release":
        return this.#outlets.tell([{ kind: command.kind, client: OWNER, ids: command.ids }]);
      case "warn":
        return this.#outlets.post(command.client, { kind: "warn", message: command.message });
      case "wake":
        return this.#wakeAt(command.atMs, nowMs);
    }
  }

  #wakeAt(atMs: number | undefined, nowMs: number): void {
    clearTimeout(this.#timer);
    if (atMs === undefined) return;
    const delayMs = Math.min(DELAY_MS_MAX, Math.max(0, Math.ceil(atMs - nowMs)));
    this.#timer = setTimeout(() => this.#due(atMs), delayMs);
    this.#timer.unref();
  }

  #due(atMs: number): void {
    const nowMs = clockMs();
    // Timers may be early, and cannot be set for weeks.
    if (nowMs < atMs) return this.#wakeAt(atMs, nowMs);
    this.#step();
    // Clients hear of it now.
    this.#outlets.tell([]);
  }
}

/** Never goes back, and is the time of the day: topics' events show it. */
function clockMs(): number {
  return performance.timeOrigin + performance.now();
}
