/**
 * @file The configuration in force: layers from outside the program, below what `set` gave, below
 * what the running `with` gives. Read once, at the first question; every value knows its origin.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import { AsyncLocalStorage } from "node:async_hooks";
import { HeddleError } from "../core/errors.ts";
import { type AnyKey, type ConfigInput, canonicalName, resolveKey, type ValueOf } from "./keys.ts";
import { CONFIG_KEYS, type ConfigKey, definitionOf } from "./schema.ts";
import { type ConfigLayer, collect, type Entry, type Origin, readValue } from "./sources.ts";
import { interleave, parseReceived, type Received, serializeEntries, travels } from "./travel.ts";

/** One key as `config.list` and `config.find` show it. */
export interface ConfigItem {
  readonly key: ConfigKey;
  readonly value: unknown;
  readonly origin: Origin;
  readonly default: unknown;
  /** What values are allowed. */
  readonly expects: string;
  readonly about: string;
}

const KNOWN: ReadonlySet<ConfigKey> = new Set(CONFIG_KEYS);

const FROM_DEFAULT: Origin = { source: "default", where: "" };

/** Typed configuration with scopes. The process has one: {@link config}. */
export class Config {
  #outside: readonly ConfigLayer[] | undefined;
  /** What the cluster of this process has brought. */
  #received: Received | undefined;
  #set: readonly ConfigLayer[] = [];
  readonly #scopes = new AsyncLocalStorage<readonly ConfigLayer[]>();
  readonly #collect: () => readonly ConfigLayer[];

  /** `collectLayers` gives the layers from outside the program, weakest first. */
  constructor(collectLayers: () => readonly ConfigLayer[] = collect) {
    this.#collect = collectLayers;
  }

  /**
   * The value of a key: sizes in bytes, spans of time in milliseconds.
   *
   * Errors: `ConfigUnknownKey` with the nearest key; `ConfigInvalid` when a file or variable holds
   * a bad value.
   *
   * @example
   * import { config } from "heddle/config";
   * const bytes: number = config.get("array.chunk-size");
   * console.log(bytes === config.get("array.chunkSize"));
   */
  get<K extends AnyKey>(key: K): ValueOf<K> {
    return this.#find(resolveKey(key)).value as ValueOf<K>;
  }

  /** Where the value of a key comes from. */
  origin(key: AnyKey): Origin {
    return this.#find(resolveKey(key)).origin;
  }

  /**
   * Sets values for the whole process. The result undoes it: keep it in a `using` declaration, or
   * call `undo()`.
   *
   * @example
   * import { config } from "heddle/config";
   * const change = config.set({ "array.chunk-size": "64 MiB" });
   * console.log(config.get("array.chunk-size")); // 67108864
   * change.undo();
   */
  set(values: ConfigInput): Disposable & { undo(): void } {
    const layer = toLayer(values, "set");
    this.#set = [...this.#set, layer];
    const undo = (): void => {
      this.#set = this.#set.filter((other) => other !== layer);
    };
    return { undo, [Symbol.dispose]: undo };
  }

  /**
   * Runs `fn` with values that only it and what it calls see, through `await` and timers too.
   *
   * @example
   * import { config } from "heddle/config";
   * const size = config.with({ "array.chunkSize": "1 MiB" }, () => config.get("array.chunkSize"));
   * console.log(size); // 1048576
   */
  with<R>(values: ConfigInput, fn: () => R): R {
    const layer = toLayer(values, "with");
    return this.#scopes.run([...(this.#scopes.getStore() ?? []), layer], fn);
  }

  /** Takes back everything that `set` gave for a key, and returns the value that was in force. */
  pop<K extends AnyKey>(key: K): ValueOf<K> {
    const canonical = resolveKey(key);
    const value = this.get(key);
    this.#set = this.#set.map((layer) => new Map([...layer].filter(([k]) => k !== canonical)));
    return value;
  }

  /** All keys, or those of a group: `config.list("worker.memory")`. */
  list(group = ""): ConfigItem[] {
    const prefix = canonicalName(group);
    const items = this.#keys().filter(
      (key) => prefix === "" || key === prefix || key.startsWith(`${prefix}.`),
    );
    return items.map((key) => this.#describe(key));
  }

  /** Keys whose name or description has all words of `text`. */
  find(text: string): ConfigItem[] {
    const words = text.split(/\s+/).map((word) => [word.toLowerCase(), canonicalName(word)]);
    const matches = (key: ConfigKey): boolean => {
      const searched = `${key} ${definitionOf(key).about}`.toLowerCase();
      return words.every((spellings) => spellings.some((word) => searched.includes(word)));
    };
    return this.#keys()
      .filter(matches)
      .map((key) => this.#describe(key));
  }

  /** Forgets what files and environment said, so that the next question reads them again. */
  refresh(): void {
    this.#outside = undefined;
  }

  /** Everything that differs from the defaults, as text for another thread or process. */
  serialize(): string {
    return serializeEntries(this.#changed());
  }

  /**
   * The same for workers on other hosts: without paths of this host, and what clusters are like.
   */
  serializeForHosts(): string {
    return serializeEntries(this.#changed().filter(([key]) => travels(key)));
  }

  /**
   * Makes what another process serialised the configuration of this one; its own files and
   * variables count no more.
   */
  adopt(serialized: string): void {
    this.#received = undefined;
    this.#outside = [parseReceived(serialized).entries];
  }

  /**
   * Takes what another host's process serialised beside the files and variables of this one. The
   * stronger source counts (file, environment, set in a program); between equals this host's.
   */
  receive(serialized: string): void {
    this.#received = parseReceived(serialized);
    this.#outside = undefined;
  }

  /** Whether a cluster has brought configuration to this process. */
  get hasReceived(): boolean {
    return this.#received !== undefined;
  }

  #changed(): [ConfigKey, Entry][] {
    const changed = this.list().filter((item) => item.origin.source !== "default");
    return changed.map(({ key, value, origin }) => [key, { value, origin }]);
  }

  /** All keys of the schema, and those of sections that the user has named. */
  #keys(): readonly ConfigKey[] {
    const layers = this.#layers().flat();
    const own = layers.flatMap((layer) => [...layer.keys()].filter((key) => !KNOWN.has(key)));
    return [...CONFIG_KEYS, ...new Set(own)];
  }

  #describe(key: ConfigKey): ConfigItem {
    const definition = definitionOf(key);
    return {
      key,
      ...this.#find(key),
      default: definition.default,
      expects: definition.kind.expects,
      about: definition.about,
    };
  }

  #find(key: ConfigKey): Entry {
    const found = this.#layers().map((group) =>
      group.findLast((layer) => layer.has(key))?.get(key),
    );
    const entry = found.findLast((one) => one !== undefined);
    return entry ?? { value: definitionOf(key).default, origin: FROM_DEFAULT };
  }

  /** Layers from outside, set, and of the running scope; each group has its strongest last. */
  #layers(): readonly (readonly ConfigLayer[])[] {
    this.#outside ??= this.#collectAll();
    return [this.#outside, this.#set, this.#scopes.getStore() ?? []];
  }

  #collectAll(): readonly ConfigLayer[] {
    const own = this.#collect();
    return this.#received === undefined ? own : interleave(own, this.#received);
  }
}

function toLayer(values: ConfigInput, source: "set" | "with"): ConfigLayer {
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    const given = Array.isArray(values) ? "an array" : String(values);
    throw new HeddleError(
      "InvalidArgument",
      `config.${source} takes an object of settings, as in { "array.chunk-size": "64 MiB" }, ` +
        `not ${given}`,
    );
  }
  const layer = new Map<ConfigKey, Entry>();
  for (const [name, raw] of Object.entries(values)) {
    if (raw === undefined) continue;
    const key = resolveKey(name, `config.${source}`);
    layer.set(key, {
      value: readValue(key, raw, `config.${source}`),
      origin: { source, where: "" },
    });
  }
  return layer;
}

/** The configuration of this process. */
export const config: Config = new Config();
