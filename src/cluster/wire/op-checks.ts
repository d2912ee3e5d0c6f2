/**
 * @file Whether questions that come as plain data have the form that their types promise: those for
 * the coordination machine, and those that reach the scheduler machine.
 */
import type { OpKind } from "../../machine/coordination/events.ts";
import {
  checkIds,
  type Form,
  hasForm,
  isBytes,
  isCount,
  isFlag,
  isNumber,
  isOneOf,
  isText,
  isTexts,
  maybe,
  nonsense,
} from "./checks.ts";

const isIds: Form = (value) => value instanceof Int32Array;
const isPayload: Form = (value) => hasForm(value, { bytes: isBytes, tasks: isIds });
const isCounts: Form = (value) => Array.isArray(value) && value.every(isCount);

const NAMED: Readonly<Record<string, Form>> = { name: isText };
const isPool = isOneOf("lock", "semaphore");
const limit = { timeoutMs: maybe(isNumber) };

/** Fields of each operation, beside its kind. */
const OPS: Readonly<Record<OpKind, Readonly<Record<string, Form>>>> = {
  acquire: {
    ...limit,
    pool: isPool,
    names: isTexts,
    count: maybe(isNumber),
    lease: isCount,
    leaseTimeoutMs: maybe(isNumber),
  },
  "event-wait": { ...limit, ...NAMED },
  "queue-put": { ...limit, ...NAMED, payload: isPayload, maxsize: maybe(isNumber) },
  "queue-get": {
    ...limit,
    ...NAMED,
    batch: (value) => value === "all" || isNumber(value),
    maxsize: maybe(isNumber),
  },
  "variable-get": { ...limit, ...NAMED },
  "release-lease": { lease: isCount },
  renew: { leases: isCounts },
  "lease-count": { ...NAMED, pool: isPool },
  "semaphore-open": { ...NAMED, maxLeases: isNumber },
  "semaphore-close": NAMED,
  "event-set": NAMED,
  "event-clear": NAMED,
  "event-is-set": NAMED,
  "queue-size": NAMED,
  "queue-close": NAMED,
  "variable-set": { ...NAMED, payload: isPayload },
  "variable-delete": NAMED,
  "topic-publish": { topics: isTexts, bytes: isBytes },
  "topic-events": { topic: maybe(isText) },
  "topic-subscribe": { topic: isText },
  "topic-unsubscribe": { topic: isText },
  "metadata-set": { keys: isTexts, value: isJson },
  "metadata-get": { keys: isTexts },
  "dataset-publish": { ...NAMED, payload: isPayload, override: isFlag },
  "dataset-get": NAMED,
  "dataset-unpublish": NAMED,
  "dataset-list": {},
};

const EVENT: Readonly<Record<string, Form>> = {
  kind: isOneOf("ask", "cancel", "confirm"),
  request: isCount,
};

/** Throws `ProtocolError` for what is no question of a client; ids are below `end`. */
export function checkCoordination(event: unknown, end: number): void {
  if (!hasForm(event, EVENT)) nonsense("coordinate");
  const { kind, op } = event as { readonly kind: string; readonly op: unknown };
  if (kind !== "ask") return;
  if (!hasForm(op, { kind: isText })) nonsense("an operation without a kind");
  const known = op as { readonly kind: OpKind; readonly payload: { readonly tasks: Int32Array } };
  // Unknown kinds are of a later version: the machine refuses them.
  if (!Object.hasOwn(OPS, known.kind)) return;
  const forms = OPS[known.kind];
  if (!hasForm(op, forms)) nonsense(`the operation "${known.kind}"`);
  if ("payload" in forms) checkIds(known.kind, known.payload.tasks, end);
}

/** Throws `ProtocolError` for a question beside work that would reach the scheduler machine. */
export function checkControl(op: unknown, end: number): void {
  if (!hasForm(op, { kind: isText })) nonsense("control without a kind");
  const { kind, ids } = op as { readonly kind: string; readonly ids?: Int32Array };
  if (kind !== "replicate") return;
  if (!hasForm(op, { ids: isIds, copies: isCount })) nonsense(`the question "${kind}"`);
  checkIds(kind, ids as Int32Array, end);
}

/** Plain data as JSON has it, not too deep. */
function isJson(value: unknown, depth = 0): boolean {
  if (value === null || typeof value === "boolean" || typeof value === "string") return true;
  if (typeof value === "number") return true;
  if (typeof value !== "object" || depth > JSON_DEPTH_MAX) return false;
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  return isPlain && Object.values(value).every((entry) => isJson(entry, depth + 1));
}

const JSON_DEPTH_MAX = 64;
