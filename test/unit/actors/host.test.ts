/** @file The turns of an actor's methods, with a caller whose messages come when the test says. */
import { expect, test } from "vitest";
import { actorHost } from "../../../src/actors/host.ts";
import type { FromActors, ToActors } from "../../../src/actors/messages.ts";
import { decodeValue, encodeValue } from "../../../src/codec/values.ts";

/** A method that goes on until it is told, and what there was at its time. */
class Gate {
  static readonly opens: (() => void)[] = [];
  static readonly begun: number[] = [];
  static running = 0;
  static most = 0;

  async pass(number: number): Promise<number> {
    Gate.begun.push(number);
    Gate.most = Math.max(Gate.most, ++Gate.running);
    await new Promise<void>((resolve) => Gate.opens.push(resolve));
    Gate.running--;
    return number;
  }
}

/** A caller of one actor. */
function callerOf(actor: string) {
  const answers = new Map<number, (told: FromActors) => void>();
  const channel = {
    onMessage: (_: ToActors): void => undefined,
    onClosed: (_: string): void => undefined,
    send: (told: FromActors): void => answers.get(told.request)?.(told),
    close: (): void => undefined,
  };
  actorHost.accept(channel);
  let requests = 0;
  return (member: string, ...args: unknown[]): Promise<unknown> => {
    const encoded = encodeValue(args);
    const bytes = new Uint8Array(encoded.bytes);
    encoded.writeTo(bytes);
    const request = ++requests;
    return new Promise((resolve) => {
      answers.set(request, ({ value }) => resolve(decodeValue(value)));
      channel.onMessage({
        kind: "ask",
        request,
        actor,
        verb: "call",
        member,
        args: bytes,
        chain: [],
      });
    });
  };
}

/** Until all that is under way has come to where it waits. */
const settled = async (): Promise<void> => await new Promise(setImmediate);

test("a call that comes while the next one's turn begins waits behind it", async () => {
  for (let ticks = 0; ticks < 30; ticks++) {
    Gate.begun.length = 0;
    const { id } = await actorHost.make(Gate, [], { key: "gate", gone: () => undefined });
    const call = callerOf(id);
    const calls = [call("pass", 1), call("pass", 2)];
    await settled();
    Gate.opens.shift()?.();
    for (let i = 0; i < ticks; i++) await null;
    calls.push(call("pass", 3));
    for (let left = 2; left > 0; left--) {
      await settled();
      Gate.opens.shift()?.();
    }
    expect(await Promise.all(calls)).toEqual([1, 2, 3]);
    expect(Gate.begun).toEqual([1, 2, 3]);
  }
  expect(Gate.most).toBe(1);
});
