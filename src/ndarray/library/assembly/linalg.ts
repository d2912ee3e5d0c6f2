/** @file Entry of the module of linear algebra kernels, used where no BLAS library is found. */
export {
  applyPivots,
  cholesky,
  formQ,
  jacobiEigen,
  jacobiSvd,
  lu,
  qr,
  solveTriangular,
} from "./factor";
export { gemm32, gemm64, gemmIntegers } from "./gemm";
