/**
 * @file The journal: torn tails are cut off, large files are replaced, full disks are spoken of.
 */
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Journal } from "../../../../src/cluster/journal/journal.ts";
import { JournalLock } from "../../../../src/cluster/journal/journal-lock.ts";
import type { JournalRecord } from "../../../../src/cluster/journal/records.ts";
import type { HeddleError } from "../../../../src/core/errors.ts";

const disk = vi.hoisted(() => ({ isFull: false }));
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const writeSync = (...args: [number, Uint8Array, number, number, number]): number => {
    if (!disk.isFull) return fs.writeSync(...args);
    // A part still fits.
    if (args[3] > 4) fs.writeSync(args[0], args[1], args[2], 4, args[4]);
    throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
  };
  return { ...fs, writeSync };
});

let folder: string;
let open: Journal[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-journal-unit-"));
  open = [];
  disk.isFull = false;
});
afterEach(() => {
  for (const journal of open) journal.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(read: JournalRecord[] = []): Journal {
  const journal = Journal.open(folder, (records) => read.push(...records));
  open.push(journal);
  return journal;
}

function reread(): JournalRecord[] {
  for (const journal of open.splice(0)) journal.close();
  const read: JournalRecord[] = [];
  start(read);
  return read;
}

/** Files of the journal itself. */
const files = (): string[] =>
  readdirSync(folder)
    .filter((name) => name.startsWith("journal"))
    .sort();
const life = (n: number): JournalRecord => ({ kind: "life", life: n });
const gone = (count: number): JournalRecord => ({ kind: "gone", ids: new Int32Array(count) });

describe("a journal", () => {
  test("gives back what was appended, in order", async () => {
    const journal = start();
    journal.append([life(1), { kind: "client", number: 3, key: "c" }]);
    journal.append([
      {
        kind: "done",
        ids: Int32Array.of(1, 2),
        epochs: Int32Array.of(5, 6),
        bytes: Float64Array.of(8, 100),
        tags: Uint8Array.of(1, 0),
        words: Float64Array.of(0.5, 0),
      },
    ]);
    expect(await journal.commit()).toBeUndefined();
    const read = reread();
    expect(read.map(({ kind }) => kind)).toEqual(["life", "client", "done"]);
    expect(read[2]).toMatchObject({ ids: Int32Array.of(1, 2), words: Float64Array.of(0.5, 0) });
  });

  test("wherever it is torn, the records before it are there and it goes on after them", () => {
    const journal = start();
    const sizes = [journal.bytes];
    for (let i = 1; i <= 5; i++) {
      journal.append([life(i)]);
      sizes.push(journal.bytes);
    }
    journal.close();
    const path = join(folder, "journal-1.log");
    const whole = readFileSync(path);
    fc.assert(
      fc.property(fc.integer({ min: 8, max: whole.length }), fc.boolean(), (length, isDirty) => {
        writeFileSync(path, whole);
        truncateSync(path, length);
        // Blocks may have been allocated and not written.
        if (isDirty) appendFileSync(path, new Uint8Array(40).fill(0xff));
        const count = sizes.filter((size) => size <= length).length - 1;
        const read = reread();
        expect(read).toEqual(Array.from({ length: count }, (_, i) => life(i + 1)));
        open[0]!.append([life(99)]);
        expect(reread()).toEqual([...read, life(99)]);
      }),
      { numRuns: 60 },
    );
  });

  test("damage with whole records behind it is refused, and nothing is cut off", () => {
    const journal = start();
    const sizes = [journal.bytes];
    for (let i = 1; i <= 4; i++) {
      journal.append([life(i)]);
      sizes.push(journal.bytes);
    }
    journal.close();
    open = [];
    const path = join(folder, "journal-1.log");
    const whole = readFileSync(path);
    // Every byte of the second record: of its length, its checksum, and itself.
    for (let at = sizes[1]!; at < sizes[2]!; at++) {
      const bytes = Uint8Array.from(whole);
      bytes[at] = bytes[at]! ^ 0x10;
      writeFileSync(path, bytes);
      expect(() => start()).toThrowError(
        expect.objectContaining({
          code: "JournalDamaged",
          fields: expect.objectContaining({ path, at: sizes[1], count: 1, following: 2 }),
        }),
      );
      expect([...readFileSync(path)]).toEqual([...bytes]);
    }
    expect(files()).toEqual(["journal-1.log"]);
    // As the message says.
    truncateSync(path, sizes[1]);
    expect(reread()).toEqual([life(1)]);
  });

  test("a damaged file does not cost an older one", () => {
    const journal = start();
    journal.append([life(1)]);
    journal.append([life(2)]);
    journal.close();
    open = [];
    const bytes = readFileSync(join(folder, "journal-1.log"));
    bytes[17] = bytes[17]! ^ 1;
    writeFileSync(join(folder, "journal-2.log"), bytes);
    expect(() => start()).toThrow(/journal-2.log is damaged at byte 8/);
    rmSync(join(folder, "journal-2.log"));
    expect(reread()).toEqual([life(1), life(2)]);
  });

  test("older files go when the newest one has been read", () => {
    start().append([life(1)]);
    reread();
    writeFileSync(join(folder, "journal-7.log"), readFileSync(join(folder, "journal-1.log")));
    expect(reread()).toEqual([life(1)]);
    const left = readdirSync(folder).filter((name) => name.endsWith(".log"));
    expect(left).toEqual(["journal-7.log"]);
  });

  test("says how much of a torn end it has dropped", () => {
    const journal = start();
    journal.append([life(1)]);
    const at = journal.bytes;
    journal.append([life(2)]);
    truncateSync(join(folder, "journal-1.log"), journal.bytes - 3);
    const torn = journal.bytes - 3 - at;
    expect(reread()).toEqual([life(1)]);
    expect(open[0]!.tornBytes).toBe(torn);
    reread();
    expect(open[0]!.tornBytes).toBe(0);
  });

  test("what is no journal is left alone", () => {
    writeFileSync(join(folder, "journal-1.log"), "something else entirely");
    expect(() => start()).toThrow(/not a journal/);
    expect(statSync(join(folder, "journal-1.log")).size).toBe(23);
  });

  test("a new file begins with the state, then what came meanwhile", async () => {
    const journal = start();
    journal.append([gone(1000)]);
    journal.state = () => [life(7)];
    const replaced = journal.replace();
    journal.append([life(8)]);
    await replaced;
    journal.append([life(9)]);
    expect(await journal.commit()).toBeUndefined();
    expect(files()).toEqual(["journal-2.log"]);
    expect(reread()).toEqual([life(7), life(8), life(9)]);
  });

  test("of the files that were replaced none stays", async () => {
    const journal = start();
    journal.state = () => [life(7)];
    for (let i = 0; i < 3; i++) {
      await journal.replace();
      await journal.commit();
    }
    expect(files()).toEqual(["journal-4.log"]);
  });

  test("is replaced by itself when it has grown", async () => {
    const journal = start();
    journal.state = () => [life(1)];
    for (let i = 0; i < 20; i++) journal.append([gone(250_000)]);
    await vi.waitFor(() => expect(journal.bytes).toBeLessThan(2 ** 23));
    expect(reread()[0]).toEqual(life(1));
  });

  test("says that the disk is full, and that it is not any more", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const journal = start();
      const heard: (HeddleError | undefined)[] = [];
      journal.onFailure = (failure) => heard.push(failure);
      journal.append([life(1)]);
      disk.isFull = true;
      journal.append([life(2)]);
      const failure = await journal.commit();
      expect(failure?.code).toBe("JournalFailed");
      expect(failure?.message).toContain("no space left");
      disk.isFull = false;
      journal.state = () => [life(3)];
      await vi.advanceTimersByTimeAsync(5000);
      await vi.waitFor(() => expect(heard).toEqual([failure, undefined]));
      journal.append([life(4)]);
      expect(await journal.commit()).toBeUndefined();
      expect(reread()).toEqual([life(3), life(4)]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("belongs to one scheduler at a time", () => {
    start().append([life(1)]);
    expect(() => start()).toThrow(/is used by the scheduler with process id/);
    expect(reread()).toEqual([life(1)]);
  });

  test("what a start that did not come to its end has left is an empty journal", async () => {
    for (const text of ["", "HEDDL"]) {
      writeFileSync(join(folder, "journal-1.log"), text);
      expect(reread()).toEqual([]);
      open[0]!.append([life(1)]);
      expect(reread()).toEqual([life(1)]);
    }
    // One of several cannot be such a beginning.
    writeFileSync(join(folder, "journal-2.log"), "");
    expect(() => reread()).toThrow(/journal-2.log is not a journal/);
  });

  test("errors of the system are said in one line, with the file", () => {
    mkdirSync(join(folder, "journal-1.log"));
    expect(() => start()).toThrow(
      expect.objectContaining({
        code: "JournalFailed",
        message: expect.stringMatching(/cannot be read: EISDIR/),
      }),
    );
  });
});

describe("a journal that another scheduler has taken over", () => {
  /** Takes the journal from its holder, which is not to know: as if that were not to be seen. */
  function takeOver(read: JournalRecord[]): Journal {
    const path = lockOf();
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(`"pid":${process.pid}`, '"pid":4194304'));
    const lock = JournalLock.take(folder);
    writeFileSync(path, text);
    const journal = Journal.open(folder, (records) => read.push(...records), lock);
    open.push(journal);
    return journal;
  }

  const lockOf = (): string =>
    join(folder, readdirSync(folder).find((name) => name.startsWith("lock-")) as string);

  test("tells nobody of what it notes, and does not touch what the other writes", async () => {
    const first = start();
    const heard: (HeddleError | undefined)[] = [];
    first.onFailure = (failure) => heard.push(failure);
    first.append([life(1)]);
    expect(await first.commit()).toBeUndefined();
    const read: JournalRecord[] = [];
    const second = takeOver(read);
    expect(read).toEqual([life(1)]);
    second.append([life(2)]);
    first.append([gone(3)]);
    const failure = await first.commit();
    expect(failure).toMatchObject({ code: "JournalFailed" });
    expect(failure?.message).toMatch(/another scheduler has taken over the journal/);
    expect(heard).toEqual([failure]);
    first.append([gone(4)]);
    second.append([life(3)]);
    expect(await second.commit()).toBeUndefined();
    first.close();
    expect(reread()).toEqual([life(1), life(2), life(3)]);
  });

  test("begins no new file", async () => {
    const first = start();
    first.state = () => [life(9)];
    first.append([life(1)]);
    const second = takeOver([]);
    second.append([life(2)]);
    await first.replace();
    expect(first.failure).toMatchObject({ code: "JournalFailed" });
    await first.replace();
    expect(files()).toEqual(["journal-2.log"]);
    expect(reread()).toEqual([life(1), life(2)]);
  });
});
