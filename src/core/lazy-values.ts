/**
 * @file Where lazy values may hide in the arguments of a call: themselves, or within arrays, plain
 * objects, maps and sets, at any depth. Instances of classes are not looked into.
 */
import { isCollection } from "./collection.ts";
import { isSingleTask, isTaskList } from "./single-task.ts";

/** Whether `value` itself stands for what is computed: a delayed value, future or collection. */
export function isLazy(value: object): boolean {
  return isSingleTask(value) || isCollection(value) || isTaskList(value);
}

/** Whether anything lazy lies within; looks into each container once, so circles end. */
export function holdsLazy(value: object, seen: Set<object> = new Set()): boolean {
  const parts = partsOf(value);
  if (parts === undefined || seen.has(value)) return false;
  seen.add(value);
  for (const part of parts) {
    if (typeof part !== "object" || part === null) continue;
    if (isLazy(part) || holdsLazy(part, seen)) return true;
  }
  return false;
}

/** What a container holds; undefined for anything that is not looked into. */
export function partsOf(value: object): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (value instanceof Set) return [...value];
  if (value instanceof Map) return [...value].flat();
  return isPlain(value) ? Object.values(value) : undefined;
}

/** Whether an object is a plain one: `{}`, or one without a prototype. */
export function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
