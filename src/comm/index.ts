/**
 * @file Connections between processes: addresses, security, control connections, bulk transfers.
 */
export {
  type Address,
  contactAddresses,
  contactHost,
  formatAddress,
  isOwnHost,
  normaliseAddress,
  parseAddress,
  resolveHost,
} from "./addresses.ts";
export type { BulkOutcome } from "./bulk-connection.ts";
export { BulkPool, type BulkPoolOptions, type TransferOptions } from "./bulk-pool.ts";
export {
  type BulkRoom,
  type BulkServerOptions,
  type BulkStore,
  type HeldBytes,
  serveBulk,
} from "./bulk-server.ts";
export { Comm, type CommState } from "./comm.ts";
export type { CommOptions, CommTrouble } from "./comm-options.ts";
export { type ConnectOptions, connect, type DialerOptions } from "./connect.ts";
export { type ConnectionInfo, readConnectionFile, writeConnectionFile } from "./connection-file.ts";
export type { OwnHello } from "./greeting.ts";
export { type Listener, type ListenOptions, listen } from "./listen.ts";
export { Relay, type RelayOptions } from "./relay.ts";
export { Security, type SecurityOptions } from "./security.ts";
export { makeToken, tokenFrom } from "./token.ts";
