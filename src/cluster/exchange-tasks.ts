/**
 * @file The tasks of an exchange. Each source writes its pieces, one after the other as its split
 * gives them, into a run, a file of its own; each destination reads its pieces of every run, one
 * after the other as its join asks for them. So memory holds a few pieces at a time, and the
 * system's page cache the rest. Runs of this host are read where they lie, parts of others are
 * pulled before the join begins.
 */
import { closeSync, openSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { workerData } from "node:worker_threads";
import { decodeValue, encodeValue, prepareValue } from "../codec/index.ts";
import { config } from "../config/config.ts";
import { nodeCrypto } from "../functions/crypto.ts";
import { referToAll } from "../functions/index.ts";
import type { ThreadInit } from "../threads/messages.ts";
import { scratchDirectory } from "../threads/scratch.ts";
import { currentTask } from "../threads/task-context.ts";
import * as self from "./exchange-tasks.ts";
import { type PulledParts, pullParts, rescheduled } from "./runs/pull-parts.ts";
import { Run, runPath } from "./runs/run.ts";
import { piecesInFile } from "./runs/run-reader.ts";
import { onDisk, RunWriter } from "./runs/run-writer.ts";
import { type SealedRuns, sealedRuns } from "./runs/sealed-runs.ts";

/** A part of a source, and the number of the destination that it goes to. */
export type Piece<T = unknown> = readonly [destination: number, value: T];

/**
 * What a split gives: any number of pieces for each destination. They are written as they come; a
 * generator is told the bytes that each piece took, so that it can make the next ones neither too
 * small nor too large.
 */
export type Pieces<T = unknown> = Iterable<Piece<T>> | Generator<Piece<T>, void, number>;

/** A piece as it arrives. */
export interface Arrival<T = unknown> {
  readonly source: number;
  readonly value: T;
}

const HOST = hostname();
const ATTEMPT_BYTES = 6;

/** Where this process is reached; the same for all its threads. */
function ownAddress(): string {
  return (workerData as Partial<ThreadInit> | null)?.address ?? "";
}

/** Task of a source: writes its pieces. */
export function writeRun(pieces: Pieces, source: number, destinations: number): Run {
  const folder = onDisk("its folder", scratchDirectory);
  const attempt = nodeCrypto().randomBytes(ATTEMPT_BYTES).readUIntBE(0, ATTEMPT_BYTES);
  const path = runPath({ folder, source, attempt });
  const writer = new RunWriter(path, destinations);
  try {
    const iterator = (pieces as Generator<Piece, void, number>)[Symbol.iterator]();
    let bytes = 0;
    for (let step = iterator.next(bytes); step.done !== true; step = iterator.next(bytes)) {
      const [destination, value] = step.value;
      bytes = writer.add(destination, encodeValue(value));
    }
    const index = writer.finish();
    return new Run({
      source,
      task: currentTask()?.id ?? -1,
      worker: ownAddress(),
      host: HOST,
      folder,
      attempt,
      bytes: writer.position,
      index,
      needsModules: writer.needsModules,
    });
  } catch (error) {
    // What is there helps nobody, and the disk may be full.
    rmSync(path, { force: true });
    throw error;
  } finally {
    writer.close();
  }
}

/** The task between all sources and all destinations. */
export function sealRuns(runs: readonly Run[], exchange: string): SealedRuns {
  return sealedRuns(runs, exchange);
}

/**
 * First half of a destination's task: its pieces, in the order of their sources, and of each source
 * in the order in which it gave them. They can be gone through once, and are read as they are asked
 * for.
 */
export function readPieces(
  sealed: SealedRuns,
  destination: number,
): Iterable<Arrival> | Promise<Iterable<Arrival>> {
  const runs = [...sealed];
  const near = nearPlaces(runs);
  const far = runs.filter(({ worker }) => !near.has(worker));
  const rich = runs.some((run) => run.needsModules);
  if (far.length === 0 && !rich) return arrivals(runs, destination);
  return gather(runs, far, destination);
}

async function gather(
  runs: readonly Run[],
  far: readonly Run[],
  destination: number,
): Promise<Iterable<Arrival>> {
  const parts = far.length === 0 ? undefined : await pullParts(far, destination);
  try {
    for (const run of runs) {
      if (!run.needsModules) continue;
      for (const bytes of bytesOf(run, destination, parts)) await prepareValue(bytes);
    }
  } catch (error) {
    parts?.close();
    throw error;
  }
  return arrivals(runs, destination, parts);
}

function* arrivals(
  runs: readonly Run[],
  destination: number,
  parts?: PulledParts,
): Generator<Arrival> {
  try {
    for (const run of runs) {
      for (const bytes of bytesOf(run, destination, parts)) {
        yield { source: run.source, value: decodeValue(bytes) };
      }
    }
  } finally {
    parts?.close();
  }
}

function bytesOf(run: Run, destination: number, parts?: PulledParts): Iterable<Uint8Array> {
  if (parts?.has(run) === true) return parts.pieces(run);
  return run.worker === ownAddress() ? piecesInFile(run, destination) : guarded(run, destination);
}

/** The file of another worker may go with it at any time. */
function* guarded(run: Run, destination: number): Generator<Uint8Array> {
  try {
    yield* piecesInFile(run, destination);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw rescheduled(run, "its file is gone", error);
  }
}

/** Workers whose runs can be read here: this one, and those whose folder can be read. */
function nearPlaces(runs: readonly Run[]): Set<string> {
  const tried = new Set<string>();
  const near = new Set<string>();
  for (const run of runs) {
    if (tried.has(run.worker)) continue;
    tried.add(run.worker);
    if (isNear(run)) near.add(run.worker);
  }
  return near;
}

function isNear(run: Run): boolean {
  if (run.worker === ownAddress()) return true;
  if (run.host !== HOST || !config.get("exchange.read-neighbours")) return false;
  try {
    closeSync(openSync(run.path, "r"));
    return true;
  } catch {
    return false;
  }
}

referToAll(import.meta.url, self);
