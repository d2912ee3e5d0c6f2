/**
 * @file The value format's public parts: bytes at rest (`values.ts`, `frame.ts`) and what may be
 * registered.
 */
export {
  type Frame,
  frameBytes,
  HEADER_BYTES,
  headroom,
  writeHeader,
} from "./frame.ts";
export { type ClassCodec, type Codec, registerClass, registerCodec } from "./registry.ts";
export {
  decodeValue,
  describeValue,
  type EncodedValue,
  encodeValue,
  prepareValue,
} from "./values.ts";
