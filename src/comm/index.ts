/** @file Connections between processes: addresses, security, control connections, bulk transfers. */
export {
  type Address,
  contactHost,
  DEFAULT_PORT,
  formatAddress,
  interfaceAddress,
  isOwnHost,
  normaliseAddress,
  parseAddress,
  resolveHost,
} from "./addresses.ts";
export { Comm, type CommState } from "./comm.ts";
export type { CommOptions, CommTrouble } from "./comm-options.ts";
export { type ConnectOptions, connect, type DialerOptions } from "./connect.ts";
export { type ConnectionInfo, readConnectionFile, writeConnectionFile } from "./connection-file.ts";
export type { OwnHello } from "./greeting.ts";
export { type Listener, type ListenOptions, listen } from "./listen.ts";
export { Security, type SecurityOptions } from "./security.ts";
export { makeToken, TOKEN_VARIABLE, tokenFrom } from "./token.ts";
