/**
 * @file Matrix product C += A B in SIMD for float64 and float32, row-major, in the manner of Goto:
 * B is packed by panels of NR columns and KC rows that stay in the second-level cache, A by strips
 * of MR rows that stay in the first, and a register tile of MR x NR accumulates. Strides are in
 * elements, so transposed operands cost only their packing.
 */

/** Rows of the register tile. */
const MR: usize = 4;
/** Depth of a packed block. */
const KC: usize = 256;
/** Rows of A packed at once. */
const MC: usize = 64;
/** Columns of B packed at once. */
const NC: usize = 512;

/** Packs rows [0, m) x depth [0, k) of A in strips of MR rows, short strips filled with zeros. */
function packA<T>(
  a: usize,
  rowStride: isize,
  depthStride: isize,
  m: usize,
  k: usize,
  to: usize,
): void {
  let out = to;
  for (let i: usize = 0; i < m; i += MR) {
    const rows = min(MR, m - i);
    for (let p: usize = 0; p < k; p++) {
      const at = a + (<isize>i * rowStride + <isize>p * depthStride) * sizeof<T>();
      for (let r: usize = 0; r < MR; r++) {
        store<T>(out, r < rows ? load<T>(at + <isize>r * rowStride * sizeof<T>()) : <T>0);
        out += sizeof<T>();
      }
    }
  }
}

/**
 * Packs depth [0, k) x columns [0, n) of B in strips of two vectors, short strips filled with
 * zeros.
 */
function packB<T>(
  b: usize,
  depthStride: isize,
  columnStride: isize,
  k: usize,
  n: usize,
  to: usize,
): void {
  const width: usize = <usize>32 / sizeof<T>();
  let out = to;
  for (let j: usize = 0; j < n; j += width) {
    const columns = min(width, n - j);
    for (let p: usize = 0; p < k; p++) {
      const at = b + (<isize>p * depthStride + <isize>j * columnStride) * sizeof<T>();
      if (columns == width && columnStride == 1) {
        v128.store(out, v128.load(at));
        v128.store(out + 16, v128.load(at + 16));
        out += 32;
        continue;
      }
      for (let c: usize = 0; c < width; c++) {
        store<T>(out, c < columns ? load<T>(at + <isize>c * columnStride * sizeof<T>()) : <T>0);
        out += sizeof<T>();
      }
    }
  }
}

/** Adds the product of one packed strip of A and one of B to a 4 x (2 vectors) tile at `c`. */
function tile<T>(a: usize, b: usize, k: usize, c: usize, stride: usize): void {
  let c00 = v128.splat<T>(0);
  let c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  let pa = a;
  let pb = b;
  for (let p: usize = 0; p < k; p++) {
    const b0 = v128.load(pb);
    const b1 = v128.load(pb + 16);
    let x = v128.load_splat<T>(pa);
    c00 = v128.add<T>(c00, v128.mul<T>(x, b0));
    c01 = v128.add<T>(c01, v128.mul<T>(x, b1));
    x = v128.load_splat<T>(pa + sizeof<T>());
    c10 = v128.add<T>(c10, v128.mul<T>(x, b0));
    c11 = v128.add<T>(c11, v128.mul<T>(x, b1));
    x = v128.load_splat<T>(pa + 2 * sizeof<T>());
    c20 = v128.add<T>(c20, v128.mul<T>(x, b0));
    c21 = v128.add<T>(c21, v128.mul<T>(x, b1));
    x = v128.load_splat<T>(pa + 3 * sizeof<T>());
    c30 = v128.add<T>(c30, v128.mul<T>(x, b0));
    c31 = v128.add<T>(c31, v128.mul<T>(x, b1));
    pa += MR * sizeof<T>();
    pb += 32;
  }
  addRow<T>(c, c00, c01);
  addRow<T>(c + stride, c10, c11);
  addRow<T>(c + 2 * stride, c20, c21);
  addRow<T>(c + 3 * stride, c30, c31);
}

// @ts-ignore: decorator
@inline
function addRow<T>(c: usize, left: v128, right: v128): void {
  v128.store(c, v128.add<T>(v128.load(c), left));
  v128.store(c + 16, v128.add<T>(v128.load(c + 16), right));
}

/** One packed block of A times one of B, tile by tile; tiles at the edges go through `spare`. */
function block<T>(
  a: usize,
  b: usize,
  m: usize,
  n: usize,
  k: usize,
  c: usize,
  stride: usize,
  spare: usize,
): void {
  const width: usize = <usize>32 / sizeof<T>();
  for (let j: usize = 0; j < n; j += width) {
    const pb = b + j * k * sizeof<T>();
    for (let i: usize = 0; i < m; i += MR) {
      const pa = a + i * k * sizeof<T>();
      const at = c + i * stride + j * sizeof<T>();
      if (i + MR <= m && j + width <= n) {
        tile<T>(pa, pb, k, at, stride);
        continue;
      }
      memory.fill(spare, 0, MR * 32);
      tile<T>(pa, pb, k, spare, 32);
      for (let r: usize = 0; r < min(MR, m - i); r++) {
        for (let q: usize = 0; q < min(width, n - j); q++) {
          const to = at + r * stride + q * sizeof<T>();
          store<T>(to, load<T>(to) + load<T>(spare + r * 32 + q * sizeof<T>()));
        }
      }
    }
  }
}

function product<T>(
  m: usize,
  n: usize,
  k: usize,
  a: usize,
  aRow: isize,
  aColumn: isize,
  b: usize,
  bRow: isize,
  bColumn: isize,
  c: usize,
  cRow: usize,
  scratch: usize,
): void {
  const spare = (scratch + 15) & ~15;
  const packedA = spare + MR * 32;
  const packedB = packedA + MC * KC * sizeof<T>();
  const stride = cRow * sizeof<T>();
  for (let j: usize = 0; j < n; j += NC) {
    const columns = min(NC, n - j);
    for (let p: usize = 0; p < k; p += KC) {
      const depth = min(KC, k - p);
      const fromB = b + (<isize>p * bRow + <isize>j * bColumn) * sizeof<T>();
      packB<T>(fromB, bRow, bColumn, depth, columns, packedB);
      for (let i: usize = 0; i < m; i += MC) {
        const rows = min(MC, m - i);
        const fromA = a + (<isize>i * aRow + <isize>p * aColumn) * sizeof<T>();
        packA<T>(fromA, aRow, aColumn, rows, depth, packedA);
        const toC = c + i * stride + j * sizeof<T>();
        block<T>(packedA, packedB, rows, columns, depth, toC, stride, spare);
      }
    }
  }
}

/**
 * C (m x n) += A (m x k) B (k x n), float64; strides in elements, C's columns adjacent. `scratch` is
 * room for one packed block of A and of B and a tile: (MC KC + NC KC + 16 MR) elements.
 */
export function gemm64(
  m: usize,
  n: usize,
  k: usize,
  a: usize,
  aRow: isize,
  aColumn: isize,
  b: usize,
  bRow: isize,
  bColumn: isize,
  c: usize,
  cRow: usize,
  scratch: usize,
): void {
  product<f64>(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow, scratch);
}

/** The same in float32. */
export function gemm32(
  m: usize,
  n: usize,
  k: usize,
  a: usize,
  aRow: isize,
  aColumn: isize,
  b: usize,
  bRow: isize,
  bColumn: isize,
  c: usize,
  cRow: usize,
  scratch: usize,
): void {
  product<f32>(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow, scratch);
}

/** C += A B for integers of 1, 2, 4 or 8 bytes, wrapping as NumPy's do. */
export function gemmIntegers(
  size: i32,
  m: usize,
  n: usize,
  k: usize,
  a: usize,
  aRow: isize,
  aColumn: isize,
  b: usize,
  bRow: isize,
  bColumn: isize,
  c: usize,
  cRow: usize,
): void {
  if (size == 8) integers<i64>(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow);
  else if (size == 4) integers<i32>(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow);
  else if (size == 2) integers<i16>(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow);
  else integers<i8>(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow);
}

function integers<T>(
  m: usize,
  n: usize,
  k: usize,
  a: usize,
  aRow: isize,
  aColumn: isize,
  b: usize,
  bRow: isize,
  bColumn: isize,
  c: usize,
  cRow: usize,
): void {
  for (let i: usize = 0; i < m; i++) {
    for (let p: usize = 0; p < k; p++) {
      const x = load<T>(a + (<isize>i * aRow + <isize>p * aColumn) * sizeof<T>());
      if (x == 0) continue;
      let from = b + <isize>p * bRow * sizeof<T>();
      let to = c + i * cRow * sizeof<T>();
      for (let j: usize = 0; j < n; j++) {
        store<T>(to, <T>(load<T>(to) + x * load<T>(from)));
        to += sizeof<T>();
        from += bColumn * sizeof<T>();
      }
    }
  }
}
