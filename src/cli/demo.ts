/**
 * @file `heddle demo`: a tour in a few seconds, on made-up data, without files or network: an
 * array, a frame, delayed calls, and a task that fails. Prints the text of each step, taken from
 * the step itself, and its result.
 */
import { inspect } from "node:util";
import { isHeddleError } from "../core/errors.ts";
import { formatTime } from "../core/units.ts";

/** What a user would have imported. */
interface Imports {
  readonly da: typeof import("../array/index.ts");
  readonly fromRecords: typeof import("../dataframe/index.ts").fromRecords;
  readonly compute: typeof import("../delayed/index.ts").compute;
  readonly delayed: typeof import("../delayed/index.ts").delayed;
}

type Step = (imports: Imports) => Promise<unknown>;

const arrays: Step = async ({ da }) => {
  // 16 million numbers in 16 chunks, added to their own transpose.
  const x = da.random.random([4000, 4000], { chunks: [1000, 1000] });
  const y = x.add(x.T).at("::2, 2000:").mean({ axis: 1 });
  return await y.at(":5").compute();
};

const frames: Step = async ({ fromRecords }) => {
  const shops = ["north", "south", "west"];
  const sales = Array.from({ length: 30_000 }, (_, i) => ({
    shop: shops[i % 3] ?? "",
    pieces: (i * 7919) % 101,
  }));
  const perShop = fromRecords(sales)
    .filter((row) => row.pieces.gt(50))
    .groupby("shop")
    .agg({ sales: ["pieces", "count"], mean: ["pieces", "mean"] });
  return await perShop.sortValues("shop").toRecords();
};

const delays: Step = async ({ compute, delayed }) => {
  // Four waits at once on the threads of the engine.
  const wait = delayed(async function wait(ms: number) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return ms;
  });
  const sum = delayed(function sum(parts: number[]) {
    return parts.reduce((total, part) => total + part, 0);
  });
  const total = sum([wait(100), wait(200), wait(300), wait(400)]);
  return await compute(total, total.key);
};

const failure: Step = async ({ delayed }) => {
  const root = delayed(function squareRoot(x: number) {
    if (x < 0) throw new RangeError(`${x} has no real root`);
    return Math.sqrt(x);
  });
  try {
    return await root(-4).compute();
  } catch (error) {
    // The engine goes on; the error says which task failed, and its cause is the one thrown.
    if (!isHeddleError(error, "TaskFailed")) throw error;
    return { code: error.code, cause: String(error.cause) };
  }
};

const STEPS: readonly (readonly [string, Step])[] = [
  ["An array of 128 MB", arrays],
  ["A frame", frames],
  ["Delayed calls", delays],
  ["A task that fails", failure],
];

/** Runs the tour; the result is the exit code. */
export async function runDemo(write: (text: string) => unknown = toStdout): Promise<number> {
  const started = performance.now();
  const [da, { fromRecords }, { compute, delayed }] = await Promise.all([
    import("../array/index.ts"),
    import("../dataframe/index.ts"),
    import("../delayed/index.ts"),
  ]);
  const imports: Imports = { da, fromRecords, compute, delayed };
  for (const [title, step] of STEPS) {
    write(`\n${title}\n${"-".repeat(title.length)}\n${bodyOf(step)}\n`);
    const begun = performance.now();
    const result = await step(imports);
    const time = formatTime(performance.now() - begun);
    write(`\n=> ${inspect(result, { depth: 4 })}   (${time})\n`);
  }
  write(`\nAll of it took ${formatTime(performance.now() - started)}.\n`);
  return 0;
}

function toStdout(text: string): void {
  process.stdout.write(text);
}

/** The lines between the braces of a function, moved to the left. */
function bodyOf(step: Step): string {
  const lines = step.toString().split("\n").slice(1, -1);
  const indents = lines.filter((line) => line.trim() !== "").map((line) => line.search(/\S/));
  const indent = Math.min(...indents);
  return lines.map((line) => line.slice(indent).replace(/^return /, "")).join("\n");
}
