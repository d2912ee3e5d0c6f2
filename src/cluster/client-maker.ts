/**
 * @file How clusters make clients. A client may be made of a cluster it starts itself, so clusters
 * cannot import clients: the client's module says here how, when it is loaded.
 */
import { HeddleError } from "../core/errors.ts";
import type { Client } from "./client.ts";
import type { EngineHandle } from "./embedded.ts";

type Maker = (cluster: { readonly engine: EngineHandle }) => Client;

let maker: Maker | undefined;

export function setClientMaker(make: Maker): void {
  maker = make;
}

/** A client of that cluster. */
export function makeClient(cluster: { readonly engine: EngineHandle }): Client {
  if (maker !== undefined) return maker(cluster);
  throw new HeddleError("InvariantViolated", "the client's module was not loaded");
}
