/** @file Entry of the module of random kernels. */
export {
  fillBooleans,
  fillIntegers,
  fillIntegersEach,
  interval,
  sampleDistinct,
  shuffle,
  shuffleIndices,
} from "./random/bounded";
export { drawContinuous } from "./random/continuous";
export { drawDiscrete } from "./random/discrete";
export {
  fillContinuous,
  fillContinuousEach,
  fillDiscrete,
  fillDiscreteEach,
  fillDirichlet,
  fillExponential,
  fillExponential32,
  fillMultinomial,
  fillNormal,
  fillNormal32,
  fillRange,
  fillRaw,
  fillUniform,
  fillUniform32,
} from "./random/fill";
export { halfKept, halfValue, setState, stateHigh, stateLow } from "./random/pcg64";
