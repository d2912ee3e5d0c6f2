/** @file What `heddle config` prints. */
import { resolve } from "node:path";
import { type ConfigItem, config } from "../config/config.ts";
import { resolveKey } from "../config/keys.ts";
import { CONFIG_KEYS, definitionOf } from "../config/schema.ts";
import { userFile, writeValue } from "../config/write.ts";
import { HeddleError, nearestName } from "../core/errors.ts";

/** A value as people write it: sizes and times with units. */
function readable(item: Pick<ConfigItem, "key" | "value">): string {
  return definitionOf(item.key).kind.format(item.value);
}

/** The value of one key. */
export function showValue(name: string, asJson: boolean): string {
  const key = resolveKey(name);
  const item = config.list(key)[0] as ConfigItem;
  return asJson ? JSON.stringify(item, null, 2) : readable(item);
}

/** Writes a value; says where. */
export function setValue(name: string, raw: string, file?: string): string {
  const key = resolveKey(name);
  const path = file === undefined ? userFile() : resolve(file);
  const value = writeValue(key, raw, path);
  return `${key}: ${readable({ key, value })}  (${path})`;
}

/** Keys that have all the words. */
export function findItems(text: string, asJson: boolean): string {
  const items = config.find(text);
  if (asJson) return `${JSON.stringify(items, null, 2)}\n`;
  if (items.length > 0) return items.map(describeItem).join("\n");
  throw new HeddleError("ConfigUnknownKey", `No configuration key has to do with "${text}"`);
}

function describeItem(item: ConfigItem): string {
  return [
    `${item.key}: ${readable(item)}  (${originText(item)})`,
    `  ${item.about}`,
    `  It is ${item.expects}.\n`,
  ].join("\n");
}

/** All keys, or those of a group, one line each. */
export function listItems(group: string, asJson: boolean): string {
  const items = config.list(group);
  if (items.length === 0) throw unknownGroup(group);
  if (asJson) return `${JSON.stringify(items, null, 2)}\n`;
  const left = items.map((item) => `${item.key}: ${readable(item)}`);
  const width = Math.max(...left.map((text) => text.length));
  return items.map((item, i) => `${left[i]?.padEnd(width)}  # ${originText(item)}\n`).join("");
}

function unknownGroup(name: string): HeddleError<"ConfigUnknownKey"> {
  const parents = CONFIG_KEYS.map((key) => key.split(".").slice(0, -1).join("."));
  const groups = [...new Set(parents)].filter((group) => group !== "");
  const near = nearestName(name, [...groups, ...CONFIG_KEYS]);
  const advice = near === undefined ? `Groups: ${groups.join(", ")}` : `Did you mean "${near}"?`;
  return new HeddleError(
    "ConfigUnknownKey",
    `There is no configuration key or group "${name}". ${advice}`,
  );
}

function originText({ origin }: ConfigItem): string {
  return origin.where === "" ? origin.source : origin.where;
}
