import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { CONFIG_KEYS, type Definition, SCHEMA } from "../../../src/config/schema.ts";

describe("the configuration schema", () => {
  it.each(CONFIG_KEYS)("%s has a default of its own kind and a sentence about it", (key) => {
    const definition = SCHEMA[key] as Definition<unknown>;
    expect(definition.kind.parse(definition.default)).toEqual(definition.default);
    expect(definition.kind.format(definition.default)).not.toBe("");
    expect(definition.about).toMatch(/^[A-Z].*\.$/);
    expect(key).toMatch(/^[a-z]+(-[a-z]+)*(\.[a-z]+(-[a-z]+)*)*$/);
  });

  it("has no key that is also a group of others, except `scheduler`, as in Dask", () => {
    const both = CONFIG_KEYS.filter((key) => CONFIG_KEYS.some((k) => k.startsWith(`${key}.`)));
    expect(both).toEqual(["scheduler"]);
  });
});

it("every key is read somewhere outside the configuration", () => {
  const source = fileURLToPath(new URL("../../../src", import.meta.url));
  const files = (readdirSync(source, { recursive: true }) as string[])
    .filter((name) => name.endsWith(".ts") && !name.startsWith("config"))
    .map((name) => readFileSync(join(source, name), "utf8"));
  const camel = (key: string) => key.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const isRead = (key: string) =>
    files.some((text) => text.includes(`"${key}"`) || text.includes(`"${camel(key)}"`));
  // Those of batch systems are read by their own name, whichever system it is.
  const own = (key: string) => key.replace(/^jobqueue\.\w+\./, "");
  expect(CONFIG_KEYS.filter((key) => !isRead(own(key)))).toEqual([]);
});
