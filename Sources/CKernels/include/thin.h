// Matrix products with so few columns that BLAS spends its time on arranging them.
#ifndef CKERNELS_THIN_H
#define CKERNELS_THIN_H
#include <stdint.h>

// The most columns, and the longest inner axis where there may be any number of rows.
enum { INSTAR_THIN_COLUMNS = 8, INSTAR_THIN_INNER = 16 };

// C = alpha·A·B + beta·C, with A `m` × `k`, B `k` × `n`, C `m` × `n` and rows of C `ldc` elements apart; with beta 0, C is
// not read. n is at most INSTAR_THIN_COLUMNS; where k is more than INSTAR_THIN_INNER, B's rows must lie without gaps
// (`b_column_stride` 1). `INSTAR_FLOAT` or `INSTAR_DOUBLE`.
void instar_thin_product(int32_t type, long m, long n, long k, double alpha, const void *a, long a_row_stride,
                         long a_column_stride, const void *b, long b_row_stride, long b_column_stride, double beta,
                         void *c, long ldc);

#endif
