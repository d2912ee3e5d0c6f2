/** @file Which folder of src lies in which layer, and what the pure layers may not name. */

/** Layer of each folder of src; a file imports only from its own or a lower layer. */
export const LAYERS: Readonly<Record<string, number>> = {
  core: 0,
  optimize: 1,
  codec: 1,
  protocol: 1,
  heap: 1,
  machine: 1,
  comm: 2,
  actors: 2,
  functions: 2,
  threads: 2,
  ndarray: 2,
  table: 2,
  config: 2,
  cluster: 3,
  diagnostics: 3,
  array: 4,
  dataframe: 4,
  bag: 4,
  delayed: 4,
  deploy: 4,
  jobqueue: 4,
  workflows: 5,
  ml: 5,
  image: 5,
  brain: 5,
  interop: 5,
  mpi: 5,
  cli: 5,
};

/** The first layer that may use Node. */
export const FIRST_NODE_LAYER = 2;

/**
 * Simulated clusters: they may use layers up to this one, and nothing but tests and scripts may use
 * them.
 */
export const TESTING_LAYER = 2;

/** Collections that load each other only when asked to convert. */
export const SIBLINGS: ReadonlySet<string> = new Set(["array", "dataframe", "bag"]);

/** Globals that the pure layers may not use, and what to do instead. */
export const BANNED_GLOBALS: ReadonlyMap<string, string> = new Map([
  ["performance", "time comes inside events"],
  ["setTimeout", "return a command"],
  ["setInterval", "return a command"],
  ["setImmediate", "return a command"],
  ["clearTimeout", "return a command"],
  ["queueMicrotask", "state code is synchronous"],
  ["process", "the pure layers do not know the process"],
  ["Buffer", "use Uint8Array and DataView"],
  ["require", "import it, in a layer that may use Node"],
  ["fetch", "return a command"],
  ["Worker", "return a command"],
]);

/**
 * The layer of a path such as `src/array/chunks.ts`; undefined for `src/index.ts` and folders
 * without one.
 */
export function folderOf(path: string): string | undefined {
  const match = /^src\/([^/]+)\//.exec(path);
  return match?.[1];
}
