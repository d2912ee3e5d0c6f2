/** @file Entry of the module of linear algebra kernels, used where no BLAS library is found. */
export { gemm32, gemm64, gemmIntegers, gemmScratchBytes } from "./gemm";
