/** @file `heddle/config`: typed configuration. */
export { Config, type ConfigItem, config } from "./config.ts";
export { type AnyKey, type ConfigInput, canonicalName, type ValueOf } from "./keys.ts";
export type { ConfigKey, ConfigValues } from "./schema.ts";
export {
  type ConfigLayer,
  collect,
  collectEnv,
  collectYaml,
  configFiles,
  type Entry,
  expandEnvironmentVariables,
  interpretValue,
  type Origin,
  pathsContainingKey,
  type Surroundings,
} from "./sources.ts";
export { ensureFile, writeValue } from "./write.ts";
