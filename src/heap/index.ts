/** @file The shared chunk heap: arenas and the allocator that the control thread owns. */
export { checksum } from "./checksum.ts";
export type { AllocateOptions, CreateMemory, Extent, HeapOptions } from "./heap.ts";
export { ARENA_MAX_BYTES, ARENA_RESERVED_BYTES, Heap, MAX_EXTENT_BYTES, POISON } from "./heap.ts";
export { UNIT_BYTES } from "./regions.ts";
