// The kernels of fused.c, included once per type with REAL and NAME defined.

static void NAME(repeat_row)(long rows, long columns, const REAL *restrict x, REAL *restrict y, long stride) {
    if (rows <= 0 || columns <= 0) return;
    if (stride != columns) {
        for (long row = 0; row < rows; row++) memcpy(y + row * stride, x, sizeof(REAL) * columns);
        return;
    }
    // Rows without gaps: what is there already is copied behind itself, twice as much every time up to a cache's share.
    long total = rows * columns, done = columns, most = columns > 1024 ? columns : 1024 / columns * columns;
    memcpy(y, x, sizeof(REAL) * done);
    while (done < total) {
        long next = done < most ? done : most;
        if (next > total - done) next = total - done;
        memcpy(y + done, y, sizeof(REAL) * next);
        done += next;
    }
}

INSTAR_WIDEST static void NAME(sum_rows)(long rows, long columns, const REAL *restrict dy, long stride,
                                         REAL *restrict sum) {
    // Columns in blocks that stay in registers over the rows.
    enum { BLOCK = 64, NARROW = 8 };
    long first = 0;
    for (; first + BLOCK <= columns; first += BLOCK) {
        REAL sums[BLOCK] = {0};
        for (long row = 0; row < rows; row++)
            for (long i = 0; i < BLOCK; i++) sums[i] += dy[row * stride + first + i];
        for (long i = 0; i < BLOCK; i++) sum[first + i] += sums[i];
    }
    for (; first < columns; first += NARROW) {
        // A block is read to its full width while that stays within dy; what lies beyond the columns is left out below.
        REAL sums[NARROW] = {0};
        long width = columns - first < NARROW ? columns - first : NARROW, row = 0;
        for (; row < rows && (row * stride + first + NARROW <= (rows - 1) * stride + columns); row++)
            for (long i = 0; i < NARROW; i++) sums[i] += dy[row * stride + first + i];
        for (; row < rows; row++)
            for (long i = 0; i < width; i++) sums[i] += dy[row * stride + first + i];
        for (long i = 0; i < width; i++) sum[first + i] += sums[i];
    }
}

// Attention's rows are often hardly longer than a vector: what needs no row is done in one loop over the rows that share a
// mask, and loops over a row are not unrolled.
INSTAR_WIDEST static void NAME(masked_softmax)(long rows, long extent, REAL scale, const REAL *restrict x,
                                               const REAL *restrict mask, long mask_count, int32_t replaces,
                                               REAL *restrict y) {
    long block = mask ? mask_count : extent;
    for (long start = 0; start < rows * extent; start += block) {
        REASSOCIATE const REAL *u = x + start;
        REAL *v = y + start;
        if (!mask) {
            for (long i = 0; i < block; i++) v[i] = scale * u[i];
        } else if (replaces) {
            for (long i = 0; i < block; i++) v[i] = mask[i] != 0 ? mask[i] : scale * u[i];
        } else {
            for (long i = 0; i < block; i++) v[i] = scale * u[i] + mask[i];
        }
        for (REAL *row = v; row < v + block; row += extent) {
            REAL largest = -INFINITY;
            SHORT_LOOP for (long i = 0; i < extent; i++) largest = row[i] > largest ? row[i] : largest;
            SHORT_LOOP for (long i = 0; i < extent; i++) row[i] -= largest;
        }
        for (long i = 0; i < block; i++) v[i] = NAME(exponential)(v[i]);
        for (REAL *row = v; row < v + block; row += extent) {
            REAL sum = 0;
            SHORT_LOOP for (long i = 0; i < extent; i++) sum += row[i];
            REAL inverse = 1 / sum;
            SHORT_LOOP for (long i = 0; i < extent; i++) row[i] *= inverse;
        }
    }
}

INSTAR_WIDEST static void NAME(masked_softmax_backward)(long rows, long extent, REAL scale, const REAL *restrict y,
                                                        const REAL *restrict mask, long mask_count, int32_t replaces,
                                                        const REAL *restrict dy, REAL *restrict dx, int32_t assigns) {
    long mask_rows = mask && extent > 0 ? mask_count / extent : 1;
    for (long row = 0; row < rows; row++) {
        REASSOCIATE const REAL *v = y + row * extent;
        const REAL *dv = dy + row * extent;
        const REAL *m = mask + (mask ? row % mask_rows * extent : 0);
        REAL *du = dx + row * extent;
        REAL sum = 0;
        SHORT_LOOP for (long i = 0; i < extent; i++) sum += v[i] * dv[i];
        if (replaces && mask) {
            SHORT_LOOP for (long i = 0; i < extent; i++)
                du[i] = (assigns ? 0 : du[i]) + (m[i] != 0 ? 0 : scale * v[i] * (dv[i] - sum));
        } else if (assigns) {
            SHORT_LOOP for (long i = 0; i < extent; i++) du[i] = scale * v[i] * (dv[i] - sum);
        } else {
            for (long i = 0; i < extent; i++) du[i] += scale * v[i] * (dv[i] - sum);
        }
    }
}
