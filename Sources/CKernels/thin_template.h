// The kernels of thin.c, included once per type with REAL, MASK (the integer of its size) and NAME defined.

typedef REAL NAME(lanes) __attribute__((vector_size(LANES * sizeof(REAL))));
typedef MASK NAME(mask) __attribute__((vector_size(LANES * sizeof(REAL))));

INLINE NAME(lanes) NAME(load)(const REAL *from) {
    NAME(lanes) value;
    memcpy(&value, from, sizeof value);
    return value;
}

// The first `count` elements, then zeros.
INLINE NAME(lanes) NAME(load_part)(const REAL *from, long count) {
    REAL part[LANES] = {0};
    for (long i = 0; i < count; i++) part[i] = from[i];
    return NAME(load)(part);
}

// `count` rows of C = alpha·A·B + beta·C with B in `packed`, a row of lanes for each of its k rows. A full row of lanes is
// written from each row of C on: with `overlaps` what lies beyond n is the start of the next row, which is written after it;
// else it is written back as it was.
INLINE void NAME(thin_rows)(const long count, const int overlaps, long k, REAL alpha, const REAL *a, long row_stride,
                            long inner_stride, const NAME(lanes) *packed, REAL beta, REAL *c, long ldc,
                            NAME(mask) inside) {
    NAME(lanes) sums[4] = {{0}, {0}, {0}, {0}}, old[4] = {{0}, {0}, {0}, {0}};
    if (!overlaps)
        for (long i = 0; i < count; i++) old[i] = NAME(load)(c + i * ldc);
    for (long p = 0; p < k; p++)
        for (long i = 0; i < count; i++) sums[i] += a[i * row_stride + p * inner_stride] * packed[p];
    for (long i = 0; i < count; i++) {
        NAME(lanes) result = alpha * sums[i];
        if (!overlaps) {
            NAME(lanes) sum = beta != 0 ? result + beta * old[i] : result;
            result = (NAME(lanes))(((NAME(mask))sum & inside) | ((NAME(mask))old[i] & ~inside));
        }
        memcpy(c + i * ldc, &result, sizeof result);
    }
}

// Few columns and a short inner axis, any number of rows.
INLINE void NAME(thin_columns)(long m, long n, long k, REAL alpha, const REAL *a, long row_stride, long inner_stride,
                               const REAL *b, long b_row_stride, long b_column_stride, REAL beta, REAL *c, long ldc) {
    NAME(lanes) packed[INSTAR_THIN_INNER];
    for (long p = 0; p < k; p++) {
        REAL row[LANES] = {0};
        for (long j = 0; j < n; j++) row[j] = b[p * b_row_stride + j * b_column_stride];
        packed[p] = NAME(load)(row);
    }
    NAME(mask) inside;
    for (long j = 0; j < LANES; j++) inside[j] = j < n ? -1 : 0;
    // Rows from which a full row of lanes still lies within C.
    long reach = (m - 1) * ldc + n - LANES, whole_rows = reach < 0 ? 0 : reach / (ldc > 0 ? ldc : 1) + 1;
    if (whole_rows > m) whole_rows = m;
    long i = 0;
    if (beta == 0 && ldc == n) {
        for (; i + 4 <= whole_rows; i += 4)
            NAME(thin_rows)(4, 1, k, alpha, a + i * row_stride, row_stride, inner_stride, packed, beta, c + i * ldc,
                            ldc, inside);
    } else {
        for (; i + 4 <= whole_rows; i += 4)
            NAME(thin_rows)(4, 0, k, alpha, a + i * row_stride, row_stride, inner_stride, packed, beta, c + i * ldc,
                            ldc, inside);
    }
    for (; i < m; i++)
        for (long j = 0; j < n; j++) {
            REAL sum = 0;
            for (long p = 0; p < k; p++) sum += a[i * row_stride + p * inner_stride] * packed[p][j];
            c[i * ldc + j] = alpha * sum + (beta != 0 ? beta * c[i * ldc + j] : 0);
        }
}

// `count` rows of C += alpha·A·B, summed over a long inner axis; B's rows lie without gaps.
INLINE void NAME(thin_sums)(const long count, long n, long k, long whole, REAL alpha, const REAL *a, long row_stride,
                            long inner_stride, const REAL *b, long ldb, REAL beta, REAL *c, long ldc) {
    NAME(lanes) even[4] = {{0}, {0}, {0}, {0}}, odd[4] = {{0}, {0}, {0}, {0}};
    long p = 0;
    for (; p + 2 <= whole; p += 2) {
        NAME(lanes) first = NAME(load)(b + p * ldb), second = NAME(load)(b + (p + 1) * ldb);
        for (long i = 0; i < count; i++) {
            even[i] += a[i * row_stride + p * inner_stride] * first;
            odd[i] += a[i * row_stride + (p + 1) * inner_stride] * second;
        }
    }
    for (; p < k; p++) {
        NAME(lanes) last = NAME(load_part)(b + p * ldb, n);
        for (long i = 0; i < count; i++) even[i] += a[i * row_stride + p * inner_stride] * last;
    }
    for (long i = 0; i < count; i++) {
        NAME(lanes) sum = alpha * (even[i] + odd[i]);
        for (long j = 0; j < n; j++) c[i * ldc + j] = sum[j] + (beta != 0 ? beta * c[i * ldc + j] : 0);
    }
}

// Few rows and columns, a long inner axis.
INLINE void NAME(thin_inner)(long m, long n, long k, REAL alpha, const REAL *a, long row_stride, long inner_stride,
                             const REAL *b, long ldb, REAL beta, REAL *c, long ldc) {
    // Rows of B from which a full row of lanes still lies within B.
    long reach = (k - 1) * ldb + n - LANES, whole = reach < 0 ? 0 : reach / (ldb > 0 ? ldb : 1) + 1;
    if (whole > k) whole = k;
    for (long i = 0; i < m;) {
        const REAL *rows = a + i * row_stride;
        REAL *target = c + i * ldc;
        long left = m - i;
        if (left >= 4) {
            NAME(thin_sums)(4, n, k, whole, alpha, rows, row_stride, inner_stride, b, ldb, beta, target, ldc);
            i += 4;
        } else if (left >= 2) {
            NAME(thin_sums)(2, n, k, whole, alpha, rows, row_stride, inner_stride, b, ldb, beta, target, ldc);
            i += 2;
        } else {
            NAME(thin_sums)(1, n, k, whole, alpha, rows, row_stride, inner_stride, b, ldb, beta, target, ldc);
            i += 1;
        }
    }
}

INSTAR_WIDEST static void NAME(thin_product)(long m, long n, long k, REAL alpha, const REAL *a, long row_stride,
                                             long inner_stride, const REAL *b, long b_row_stride,
                                             long b_column_stride, REAL beta, REAL *c, long ldc) {
    if (k <= INSTAR_THIN_INNER) {
        NAME(thin_columns)(m, n, k, alpha, a, row_stride, inner_stride, b, b_row_stride, b_column_stride, beta, c, ldc);
    } else {
        NAME(thin_inner)(m, n, k, alpha, a, row_stride, inner_stride, b, b_row_stride, beta, c, ldc);
    }
}
