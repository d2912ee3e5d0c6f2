/** @file The shared chunk heap: arenas and the allocator that the control thread owns. */
export type { AllocateOptions, CreateMemory, Extent, HeapOptions } from "./heap.ts";
export { Heap, POISON } from "./heap.ts";
