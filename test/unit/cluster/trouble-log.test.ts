/** @file Refused connections: each is told of, as long as they are few. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type EventFacts, type EventLog, SILENT } from "../../../src/cluster/event-log.ts";
import { TroubleLog } from "../../../src/cluster/trouble-log.ts";
import { HeddleError } from "../../../src/core/errors.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function open(): { troubles: TroubleLog; lines: string[] } {
  const lines: string[] = [];
  const warn = (message: string, facts: EventFacts = {}): void => {
    lines.push(message.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(facts[name])));
  };
  const log: EventLog = { ...SILENT, warn };
  return { troubles: new TroubleLog(log), lines };
}

const refused = {
  kind: "refused",
  remote: "tcp connection from 1.2.3.4",
  error: new HeddleError("ProtocolError", "GET / makes no sense"),
} as const;
const broken = { kind: "failed", remote: "it", error: new RangeError("too long") } as const;

test("a few are written one by one, thousands as one line each ten seconds", () => {
  const { troubles, lines } = open();
  for (let i = 0; i < 10; i++) troubles.note(refused);
  expect(lines).toHaveLength(10);
  expect(lines[0]).toBe("tcp connection from 1.2.3.4 was refused: GET / makes no sense");
  for (let i = 0; i < 4000; i++) troubles.note(refused);
  for (let i = 0; i < 3; i++) troubles.note(broken);
  expect(lines).toHaveLength(10);
  vi.advanceTimersByTime(10_000);
  expect(lines.slice(10)).toEqual([
    "4003 more connections came to nothing (4000 refused: ProtocolError, 3 failed: RangeError)",
  ]);
  troubles.note(broken);
  expect(lines).toHaveLength(11);
  vi.advanceTimersByTime(10_000);
  expect(lines.slice(11)).toEqual(["1 more connections came to nothing (1 failed: RangeError)"]);
});

test("after ten seconds without any they are written one by one again", () => {
  const { troubles, lines } = open();
  for (let i = 0; i < 12; i++) troubles.note(refused);
  vi.advanceTimersByTime(20_000);
  expect(lines).toHaveLength(11);
  expect(vi.getTimerCount()).toBe(0);
  troubles.note(broken);
  expect(lines[11]).toBe("it broke: too long");
});

test("at the end what was not written yet is", () => {
  const { troubles, lines } = open();
  for (let i = 0; i < 12; i++) troubles.note(refused);
  troubles.close();
  expect(lines[10]).toBe("2 more connections came to nothing (2 refused: ProtocolError)");
  expect(vi.getTimerCount()).toBe(0);
});

test("who only looks whether somebody listens is no trouble", () => {
  const { troubles, lines } = open();
  const fields = { hasOnlyLooked: true };
  const error = new HeddleError("ConnectFailed", "it has closed", { fields });
  for (let i = 0; i < 100; i++) troubles.note({ ...refused, error });
  vi.advanceTimersByTime(10_000);
  expect(lines).toEqual([]);
});
