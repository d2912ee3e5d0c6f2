/**
 * @file The one way in which this folder refuses what came from a peer, and what a caller gives.
 */
import { HeddleError } from "../core/errors.ts";

/**
 * What a peer sent is not the protocol: the connection it came over has to be closed. `message`
 * says what was wrong and where.
 */
export function protocolError(
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
): HeddleError<"ProtocolError"> {
  return new HeddleError("ProtocolError", message, { fields });
}

/** A caller's value that cannot be sent; nothing of it has left. */
export function cannotSend(message: string): HeddleError<"InvalidArgument"> {
  return new HeddleError("InvalidArgument", message);
}
