/**
 * @file Functions travel: by name when a module exports them, otherwise by source and captured
 * variables. Importing this installs them in the value format and in content tokens.
 */
import { registerFunctionPort } from "../codec/registry.ts";
import { registerFunctionToken } from "../core/token.ts";
import { readingPort } from "./decode.ts";
import { encodeFunction, writingPort } from "./encode.ts";
import { removeMirrorsAtExit } from "./mirror.ts";

export {
  bytesOf,
  type CallOutcome,
  encodeCall,
  errorIn,
  outcomeOf,
  runCall,
  valueIn,
} from "./calls.ts";
export { decodeFunction } from "./decode.ts";
export { encodeFunction, type FunctionImage, isFixed } from "./encode.ts";
export { shipAllTexts } from "./modules.ts";
export { referTo, referToAll } from "./places.ts";
export { decodeTaskError, encodeTaskError } from "./task-errors.ts";

registerFunctionPort({ ...writingPort, ...readingPort });
registerFunctionToken((fn) => encodeFunction(fn).token);
removeMirrorsAtExit();
