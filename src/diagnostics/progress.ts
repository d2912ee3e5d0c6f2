/**
 * @file Progress for people: `ProgressBar` follows every computation of the process, `progress()`
 * follows given futures and persisted collections. In a terminal bars are drawn in place ten times
 * a second; elsewhere a line is written for each tenth of the work, or every half minute.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import { config } from "../config/index.ts";
import { type Collection, isCollection } from "../core/collection.ts";
import { HeddleError } from "../core/errors.ts";
import type { Layer } from "../core/graph.ts";
import { type FeedListener, feed, type GroupCounts, type Outcome } from "./feed.ts";
import { mergeGroups, PaceBook } from "./progress-pace.ts";
import { type Environment, LiveLines, type OutputStream, outputMode } from "./progress-screen.ts";
import { percent, renderBars, renderLine, settled } from "./progress-view.ts";

/** How progress is shown. */
export interface ProgressOptions {
  /** Where to; default stderr. */
  readonly stream?: OutputStream;
  /**
   * Computations shorter than this are not shown; default 0, and 1 s where there is no terminal.
   */
  readonly minimumMs?: number;
  /** Whether the line of a finished computation stays on the terminal; default true. */
  readonly keep?: boolean;
  /** Instead of the process's environment variables. */
  readonly env?: Environment;
}

/** Draws progress somewhere: bars or lines. Times are milliseconds of a steady clock. */
class Painter {
  readonly #options: ProgressOptions;
  readonly #stream: OutputStream;
  readonly #mode: { live: boolean; color: boolean };
  readonly #pace: PaceBook;
  readonly #startMs: number;
  readonly #minimumMs: number;
  readonly #intervalMs: number;
  readonly #lineIntervalMs: number;
  #screen: LiveLines | undefined;
  #lastDrawMs = Number.NEGATIVE_INFINITY;
  #lastTenth = 0;
  #linesWritten = 0;

  constructor(options: ProgressOptions, nowMs: number) {
    this.#options = options;
    this.#stream = options.stream ?? process.stderr;
    this.#mode = outputMode(this.#stream, options.env ?? process.env);
    this.#minimumMs = options.minimumMs ?? (this.#mode.live ? 0 : 1000);
    this.#intervalMs = config.get("progress.interval");
    this.#lineIntervalMs = config.get("progress.line-interval");
    this.#pace = new PaceBook(nowMs);
    this.#startMs = nowMs;
  }

  /** Draws if it is time to; called as often as one likes. */
  update(groups: readonly GroupCounts[], nowMs: number): void {
    if (nowMs - this.#startMs < this.#minimumMs) return;
    if (this.#mode.live) {
      if (nowMs - this.#lastDrawMs >= this.#intervalMs) this.#drawBars(groups, nowMs);
    } else {
      this.#maybeWriteLine(groups, nowMs);
    }
  }

  /** Draws the end. */
  finish(groups: readonly GroupCounts[], nowMs: number): void {
    const view = this.#pace.view(groups, nowMs);
    const isShown = this.#screen !== undefined || nowMs - this.#startMs >= this.#minimumMs;
    if (!this.#mode.live) {
      const isNew = this.#linesWritten === 0 || this.#lastTenth < 10;
      if (isShown && isNew) this.#stream.write(`${renderLine(view)}\n`);
      return;
    }
    const keep = this.#options.keep ?? true;
    if (!isShown) return;
    const lines = this.#screen ?? this.#openScreen();
    const screen = { columns: lines.columns, color: this.#mode.color };
    lines.close(keep ? renderBars({ ...view, groups: [] }, screen) : []);
    this.#screen = undefined;
  }

  #drawBars(groups: readonly GroupCounts[], nowMs: number): void {
    this.#lastDrawMs = nowMs;
    this.#screen ??= this.#openScreen();
    const screen = { columns: this.#screen.columns, color: this.#mode.color };
    this.#screen.draw(renderBars(this.#pace.view(groups, nowMs), screen));
  }

  #openScreen(): LiveLines {
    const isProcess = this.#stream === process.stderr;
    return new LiveLines(this.#stream, isProcess ? [process.stdout] : []);
  }

  #maybeWriteLine(groups: readonly GroupCounts[], nowMs: number): void {
    const view = this.#pace.view(groups, nowMs);
    const tenth = Math.floor(percent(view.total) / 10);
    if (this.#lastDrawMs < 0) this.#lastDrawMs = this.#startMs;
    const isDue = nowMs - this.#lastDrawMs >= this.#lineIntervalMs;
    if (tenth === this.#lastTenth && !isDue) return;
    this.#lastDrawMs = nowMs;
    this.#lastTenth = tenth;
    this.#linesWritten += 1;
    this.#stream.write(`${renderLine(view)}\n`);
  }
}

/**
 * Shows all computations of this process while registered.
 *
 * @example
 * import { ProgressBar } from "heddle/diagnostics";
 * import { delayed } from "heddle";
 * const value = await new ProgressBar().during(() => delayed(Math.max)(1, 2).compute());
 * console.log(value); // 2
 */
export class ProgressBar implements Disposable {
  readonly #options: ProgressOptions;
  readonly #running = new Map<number, readonly GroupCounts[]>();
  #ended: readonly GroupCounts[] = [];
  #painter: Painter | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stop: (() => void) | undefined;

  constructor(options: ProgressOptions = {}) {
    this.#options = options;
  }

  /** Starts showing; registering twice counts once. */
  register(): this {
    const listener: FeedListener = {
      onGraph: (id, groups) => this.#onGraph(id, groups),
      onProgress: (id, groups) => this.#onProgress(id, groups),
      onFinish: (id, outcome) => this.#onFinish(id, outcome),
    };
    this.#stop ??= feed.listen(listener);
    return this;
  }

  /** Stops showing. */
  unregister(): void {
    this.#stop?.();
    this.#stop = undefined;
    if (this.#painter !== undefined) this.#close();
  }

  [Symbol.dispose](): void {
    this.unregister();
  }

  /** Shows progress while `run` runs, its promise included. */
  async during<R>(run: () => R | Promise<R>): Promise<R> {
    this.register();
    try {
      return await run();
    } finally {
      this.unregister();
    }
  }

  #onGraph(id: number, groups: readonly GroupCounts[]): void {
    this.#running.set(id, groups);
    this.#painter ??= new Painter(this.#options, performance.now());
    // The timer keeps elapsed and remaining time moving between two reports.
    this.#timer ??= setInterval(() => this.#draw(), config.get("progress.interval")).unref();
    this.#draw();
  }

  #onProgress(id: number, groups: readonly GroupCounts[]): void {
    if (!this.#running.has(id)) return;
    this.#running.set(id, groups);
    // A runner that blocks this thread leaves no room for the timer, so reports draw too.
    this.#draw();
  }

  #onFinish(id: number, _outcome: Outcome): void {
    const groups = this.#running.get(id);
    if (groups === undefined) return;
    this.#running.delete(id);
    this.#ended = mergeGroups([this.#ended, groups]);
    if (this.#running.size === 0) this.#close();
  }

  #counts(): GroupCounts[] {
    return mergeGroups([this.#ended, ...this.#running.values()]);
  }

  #draw(): void {
    this.#painter?.update(this.#counts(), performance.now());
  }

  #close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#painter?.finish(this.#counts(), performance.now());
    this.#painter = undefined;
    this.#ended = [];
    this.#running.clear();
  }
}

/** What a future shows of itself without being fetched. */
export interface WatchedFuture {
  readonly key: string;
  readonly status: string;
  /** Counts the tasks behind it, where it stands for a graph. */
  readonly counter?: CountingGraph | undefined;
}

/** Something that can count the tasks of a graph. */
export interface CountingGraph {
  counts(): Promise<GroupCounts[]>;
}

/** An engine that can say how many of the tasks it holds have ended. */
export interface CountingEngine {
  countSettled(ids: Int32Array): { done: number; failed: number };
}

/** A layer of persisted values whose graph can be counted. */
interface CountedTasks {
  readonly counter?: CountingGraph | undefined;
}

/** What `progress` takes: futures, lists of futures, persisted collections. */
export type Watched = WatchedFuture | Collection | Iterable<WatchedFuture>;

/**
 * Shows how far futures and persisted collections are; resolves when all have ended, whether well
 * or not.
 *
 * Errors: `InvalidArgument` for a collection that has not been started with `persist()`.
 *
 * @example
 * import { Client } from "heddle";
 * import { progress } from "heddle/diagnostics";
 * const client = new Client({ embedded: true });
 * await progress(client.map((x: number) => x + 1, [1, 2, 3]));
 * await client.close();
 */
export async function progress(...watched: Watched[]): Promise<void> {
  const counters = [...new Set(watched.flatMap(countersOf))];
  const painter = new Painter({}, performance.now());
  const intervalMs = config.get("progress.interval");
  for (;;) {
    const groups = mergeGroups(await Promise.all(counters.map((count) => count())));
    if (groups.every((group) => settled(group) >= group.total)) {
      painter.finish(groups, performance.now());
      return;
    }
    painter.update(groups, performance.now());
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}

type Counter = () => GroupCounts[] | Promise<GroupCounts[]>;

const graphs = new WeakMap<CountingGraph, Counter>();

/** The same function for the same graph, so that it is counted once. */
function graphCounter(graph: CountingGraph): Counter {
  const known = graphs.get(graph) ?? (() => graph.counts());
  graphs.set(graph, known);
  return known;
}

function countersOf(watched: Watched): Counter[] {
  if (isCollection(watched)) return heldCounters(watched);
  if (isFuture(watched)) return futureCounters([watched]);
  if (typeof watched === "object" && watched !== null && Symbol.iterator in watched) {
    return futureCounters([...watched]);
  }
  throw new HeddleError(
    "InvalidArgument",
    `progress takes futures and persisted collections, but was given ${typeof watched}`,
  );
}

function isFuture(value: unknown): value is WatchedFuture {
  if (typeof value !== "object" || value === null) return false;
  return "status" in value && "key" in value && typeof value.key === "string";
}

/** Futures of computed collections stand for their graphs, others for one task each. */
function futureCounters(futures: readonly WatchedFuture[]): Counter[] {
  const single = futures.filter(({ counter }) => counter === undefined);
  const found = futures.flatMap(({ counter }) => (counter === undefined ? [] : [counter]));
  const counters = found.map(graphCounter);
  return single.length > 0 ? [...counters, futureCounter(single)] : counters;
}

function futureCounter(futures: readonly WatchedFuture[]): Counter {
  return () => {
    const counts = new Map<string, { total: number; done: number; failed: number }>();
    for (const { key, status } of futures) {
      const name = groupName(key);
      const entry = counts.get(name) ?? { total: 0, done: 0, failed: 0 };
      entry.total += 1;
      if (status === "finished") entry.done += 1;
      else if (status !== "pending") entry.failed += 1;
      counts.set(name, entry);
    }
    return [...counts].map(([name, entry]) => ({ name, ...entry }));
  };
}

/** The readable part of a key: `sum-3f9a…[2,0]` belongs to `sum`. */
function groupName(key: string): string {
  return key.replace(/\[[^\]]*\]$/, "").replace(/-[0-9a-f]{8,}$/, "");
}

function heldCounters(collection: Collection): Counter[] {
  const layers = new Map<Layer, number[]>();
  for (const { layer, index } of collection.lower().outputs) {
    const id = layer.held?.ids[index];
    if (id === undefined) {
      throw new HeddleError(
        "InvalidArgument",
        "progress() shows work that has begun: call persist() on the collection first, " +
          "or wrap compute() in new ProgressBar().during(...)",
      );
    }
    layers.set(layer, [...(layers.get(layer) ?? []), id]);
  }
  return [...layers].map(([layer, list]) => {
    const graph = (layer.held as CountedTasks).counter;
    if (graph !== undefined) return graphCounter(graph);
    const ids = Int32Array.from(list);
    const engine = layer.held?.engine as CountingEngine;
    return () => [{ name: groupName(layer.name), total: ids.length, ...engine.countSettled(ids) }];
  });
}
