/** @file One scheduler at a time: holders that are seen, that are not, and that are gone. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { JournalLock } from "../../../../src/cluster/journal/journal-lock.ts";
import { ownIdentity } from "../../../../src/config/process-identity.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const locks = (): string[] => readdirSync(folder).sort();
const SOON = { silentMs: 60, lookMs: 5 };
const GONE = 4_194_304;

/** A lock that another process has left or holds. */
function leave(holder: object, number = 1): string {
  const path = join(folder, `lock-${number}`);
  writeFileSync(path, JSON.stringify({ ...ownIdentity(), id: "other", ...holder }));
  return path;
}

describe("a lock whose holder can be seen", () => {
  test("is not taken while that is there, nor from this process itself", async () => {
    const lock = JournalLock.take(folder);
    expect(lock.isTakenOver).toBe(false);
    expect(() => JournalLock.take(folder)).toThrow(
      new RegExp(`is used by the scheduler with process id ${process.pid} on`),
    );
    await expect(JournalLock.watchAndTake(folder, SOON)).rejects.toThrow(/is used by/);
    expect(lock.lost()).toBeUndefined();
    lock.giveBack();
  });

  test("is taken when it was given back, and then by one only", () => {
    JournalLock.take(folder).giveBack();
    const second = JournalLock.take(folder);
    expect(second.isTakenOver).toBe(false);
    expect(locks()).toEqual(["lock-2"]);
    expect(() => JournalLock.take(folder)).toThrow(/is used by/);
    second.giveBack();
  });

  test("is taken at once when its process has ended", async () => {
    leave({ pid: GONE });
    const say = vi.fn();
    const lock = await JournalLock.watchAndTake(folder, { say });
    expect(say).not.toHaveBeenCalled();
    expect(lock.isTakenOver).toBe(true);
    expect(locks()).toEqual(["lock-2"]);
    lock.giveBack();
  });

  test.skipIf(process.platform !== "linux")(
    "is taken when its number belongs to another process by now",
    () => {
      leave({ start: "1" });
      const lock = JournalLock.take(folder);
      expect(lock.isTakenOver).toBe(true);
      lock.giveBack();
    },
  );
});

describe("a lock whose holder cannot be seen", () => {
  const unseen: readonly [string, object][] = [
    ["another host", { host: "elsewhere" }],
    ["another container", { namespace: "4" }],
    ["before the machine was started anew, or another machine", { boot: "other" }],
  ];

  test.each(unseen)("of %s, is watched, and taken when nobody touches it", async (_, holder) => {
    leave({ ...holder, pid: GONE });
    expect(() => JournalLock.take(folder)).toThrow(/is used by/);
    const say = vi.fn();
    const lock = await JournalLock.watchAndTake(folder, { ...SOON, say });
    expect(say).toHaveBeenCalledTimes(1);
    expect(lock.isTakenOver).toBe(true);
    lock.giveBack();
  });

  test.each(unseen)("of %s, is left to it when it is touched", async (_, holder) => {
    const path = leave(holder);
    utimesSync(path, 1000, 1000);
    let touchedS = 1000;
    const beats = setInterval(() => utimesSync(path, ++touchedS, touchedS), 5);
    const watched = JournalLock.watchAndTake(folder, { silentMs: 60_000, lookMs: 5 });
    await expect(watched).rejects.toThrow(/is used by the scheduler with process id/);
    clearInterval(beats);
    expect(locks()).toEqual(["lock-1"]);
  });

  test("is taken as soon as it is given back", async () => {
    leave({ host: "elsewhere" });
    const watched = JournalLock.watchAndTake(folder, { silentMs: 60_000, lookMs: 5 });
    leave({ host: "elsewhere", isGivenBack: true });
    const lock = await watched;
    expect(lock.isTakenOver).toBe(false);
    lock.giveBack();
  });

  test("is watched, too, when it cannot be read yet, or ever", async () => {
    writeFileSync(join(folder, "lock-1"), "");
    const lock = await JournalLock.watchAndTake(folder, SOON);
    expect(locks()).toEqual(["lock-2"]);
    lock.giveBack();
  });

  test("of two that watch it, one has it", async () => {
    leave({ host: "elsewhere" });
    const both = await Promise.allSettled([
      JournalLock.watchAndTake(folder, SOON),
      JournalLock.watchAndTake(folder, SOON),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    for (const end of both) if (end.status === "fulfilled") end.value.giveBack();
  });
});

describe("a holder that was believed dead", () => {
  test("finds a higher lock, or its own gone, and gives nothing back", () => {
    const lock = JournalLock.take(folder);
    const path = join(folder, "lock-1");
    const text = readFileSync(path, "utf8");
    leave({ host: "elsewhere", pid: 7 }, 2);
    expect(lock.lost()).toMatchObject({
      code: "JournalFailed",
      message: expect.stringMatching(/process id 7 on elsewhere/),
    });
    rmSync(path);
    expect(lock.lost()).toBeDefined();
    lock.giveBack();
    expect(locks()).toEqual(["lock-2"]);
    // As when another one began anew in an empty folder.
    rmSync(join(folder, "lock-2"));
    writeFileSync(path, text.replace(/"id":"\w+"/, '"id":"other"'));
    expect(lock.lost()).toBeDefined();
  });

  test("hears of it without being asked, and touches its lock until then", () => {
    vi.useFakeTimers();
    try {
      const lock = JournalLock.take(folder);
      const lost = vi.fn();
      lock.onLost = lost;
      const path = join(folder, "lock-1");
      utimesSync(path, 1000, 1000);
      vi.advanceTimersByTime(1000);
      expect(statSync(path).mtimeMs).toBeGreaterThan(1e6);
      expect(lost).not.toHaveBeenCalled();
      leave({ host: "elsewhere" }, 2);
      vi.advanceTimersByTime(3000);
      expect(lost).toHaveBeenCalledTimes(1);
    } finally {
      vi.useRealTimers();
    }
  });
});

test("what is in the way of a lock is named", () => {
  mkdirSync(join(folder, "lock-1"));
  expect(() => JournalLock.take(folder)).toThrow(
    expect.objectContaining({
      code: "JournalFailed",
      message: expect.stringMatching(/lock-1 of the journal cannot be read: EISDIR/),
    }),
  );
});
