/** @file Linear algebra on local arrays, by a BLAS/LAPACK library or by built-in kernels. */
export {
  eig,
  eigh,
  eigvals,
  eigvalsh,
  type NormOptions,
  type NormOrder,
  norm,
  qr,
  svd,
  svdvals,
} from "./decompositions.ts";
export {
  diagonal,
  dot,
  matmul,
  outer,
  type ProductOf,
  type TensordotOptions,
  tensordot,
  trace,
  vdot,
} from "./products.ts";
export { type BlasInfo, blasInfo, useBlas } from "./provider.ts";
export {
  cholesky,
  det,
  inv,
  type LeastSquares,
  lstsq,
  lu,
  slogdet,
  solve,
  solveTriangular,
  type TriangularOptions,
} from "./solving.ts";
