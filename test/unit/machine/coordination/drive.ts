/** @file Drives a coordination machine in tests: asks it, and collects what it says to whom. */
import { CoordinationMachine } from "../../../../src/machine/coordination/coordination.ts";
import type {
  CoordinationCommand,
  CoordinationEvent,
  CoordinationOp,
  Payload,
} from "../../../../src/machine/coordination/events.ts";
import type { CoordinationLimits } from "../../../../src/machine/coordination/limits.ts";

export class Driver {
  machine: CoordinationMachine;
  nowMs = 0;
  /** Answers as "client/request" -> result, or "code" of an error. */
  readonly answers: Map<string, unknown> = new Map();
  readonly said: CoordinationCommand[] = [];
  /** Tasks that the machine wants at present. */
  readonly wanted: Set<number> = new Set();
  wakeMs: number | undefined;
  #next = 1;

  constructor(limits: Partial<CoordinationLimits> = {}) {
    this.machine = new CoordinationMachine(limits);
  }

  /** Asks, and gives the name of the answer. */
  ask(client: number, op: CoordinationOp): string {
    const request = this.#next++;
    this.step({ kind: "ask", client, request, op });
    return `${client}/${request}`;
  }

  /** Asks, and gives the answer, which must be there. */
  now(client: number, op: CoordinationOp): unknown {
    const name = this.ask(client, op);
    if (!this.answers.has(name)) throw new Error(`${op.kind} was not answered`);
    return this.answers.get(name);
  }

  cancel(name: string): void {
    this.step({ kind: "cancel", ...idOf(name) });
  }

  confirm(name: string): void {
    this.step({ kind: "confirm", ...idOf(name) });
  }

  leave(client: number): void {
    this.step({ kind: "client-left", client });
  }

  /** Lets time pass. */
  pass(ms: number): void {
    this.nowMs += ms;
    this.step();
  }

  step(...events: CoordinationEvent[]): void {
    this.hear(this.machine.step(events, this.nowMs));
    this.machine.validate();
  }

  hear(commands: readonly CoordinationCommand[]): void {
    for (const command of commands) {
      this.said.push(command);
      if (command.kind === "answer" || command.kind === "refuse") {
        const name = `${command.client}/${command.request}`;
        if (this.answers.has(name)) throw new Error(`${name} was answered twice`);
        this.answers.set(name, command.kind === "answer" ? command.result : command.error.code);
      }
      if (command.kind === "wake") this.wakeMs = command.atMs;
      if (command.kind === "want") for (const id of command.ids) this.wanted.add(id);
      if (command.kind === "release") for (const id of command.ids) this.wanted.delete(id);
    }
  }

  /** Goes on with a machine made of the snapshot of this one. */
  restart(): void {
    const saved = structuredClone(this.machine.snapshot());
    const { machine, commands } = CoordinationMachine.restore(saved, this.nowMs);
    this.machine = machine;
    this.wanted.clear();
    this.hear(commands);
    this.machine.validate();
  }
}

function idOf(name: string): { client: number; request: number } {
  const [client, request] = name.split("/").map(Number);
  return { client: client!, request: request! };
}

/** A payload of one number, and of tasks. */
export function payload(value: number, ...tasks: number[]): Payload {
  return { bytes: Uint8Array.of(value), tasks: Int32Array.from(tasks) };
}

/** The numbers in payloads. */
export function numbersOf(payloads: unknown): number[] {
  return (payloads as Payload[]).map(({ bytes }) => bytes[0]!);
}
