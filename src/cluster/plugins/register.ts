/** @file Checks a plugin, and makes of it what travels. */
import { HeddleError } from "../../core/errors.ts";
import { checkOptionNames } from "../../core/options.ts";
import { bytesOf } from "../../functions/index.ts";
import type { PluginTarget, RegisterOp } from "../control/ops.ts";
import { describeGiven } from "../given.ts";
import { ForwardOutput } from "./built-in.ts";
import type { Plugin, RegisterOptions } from "./plugin.ts";

const METHODS: Readonly<Record<PluginTarget, readonly string[]>> = {
  workers: ["setup", "teardown", "transition"],
  scheduler: [
    ...["start", "close", "addWorker", "removeWorker", "addClient", "removeClient"],
    ...["updateGraph", "transition", "restart", "beforeClose", "validWorkersDownscaling"],
    "logEvent",
  ],
  supervisors: ["setup", "teardown"],
};

/** Throws `InvalidArgument` for what is no plugin, and `NotSerializable`. */
export function registerOp(plugin: Plugin, options: RegisterOptions): RegisterOp {
  checkOptionNames("client.registerPlugin", options, ["name", "target"]);
  const target = options.target ?? targetOf(plugin);
  const forwardsOutput = plugin instanceof ForwardOutput;
  if (!forwardsOutput && !hasSome(plugin, METHODS[target])) throw noPlugin(plugin, target);
  const name = options.name ?? plugin.name ?? plugin.constructor.name;
  const encoded = bytesOf(plugin);
  const forwards = forwardsOutput ? { forwardsOutput } : {};
  return { kind: "register", target, name, plugin: encoded, ...forwards };
}

function targetOf(plugin: Plugin): PluginTarget {
  if (hasSome(plugin, ["setup", "teardown"])) return "workers";
  const own = METHODS.scheduler.filter((method) => method !== "transition");
  return hasSome(plugin, own) ? "scheduler" : "workers";
}

function hasSome(plugin: unknown, methods: readonly string[]): boolean {
  if (typeof plugin !== "object" || plugin === null) return false;
  return methods.some(
    (method) => typeof (plugin as Record<string, unknown>)[method] === "function",
  );
}

function noPlugin(plugin: unknown, target: PluginTarget): HeddleError {
  return new HeddleError(
    "InvalidArgument",
    `client.registerPlugin takes an object with some of the methods ${METHODS[target].join(", ")}, ` +
      `but was given ${describeGiven(plugin)}`,
  );
}
