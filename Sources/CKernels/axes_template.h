// The kernels of axes.c, included once per type with NOT_A_NUMBER and IS_NAN defined too.

static void NAME(cumulative_sum)(const instar_axis *axis, int32_t exclusive, int32_t reversed, int32_t adds,
                                 const REAL *restrict x, REAL *restrict y) {
    for (long line = 0; line < axis->outer * axis->inner; line++) {
        long start = line / axis->inner * axis->extent * axis->inner + line % axis->inner;
        REAL sum = 0;
        for (long i = 0; i < axis->extent; i++) {
            long place = start + (reversed ? axis->extent - 1 - i : i) * axis->inner;
            REAL after = sum + x[place], value = exclusive ? sum : after;
            y[place] = adds ? y[place] + value : value;
            sum = after;
        }
    }
}

static void NAME(extreme_position)(const instar_axis *axis, int32_t largest, int32_t last, const REAL *restrict x,
                                   int64_t *restrict y) {
    for (long line = 0; line < axis->outer * axis->inner; line++) {
        const REAL *u = x + line / axis->inner * axis->extent * axis->inner + line % axis->inner;
        long winner = 0;
        for (long i = 1; i < axis->extent; i++) {
            REAL best = u[winner * axis->inner], next = u[i * axis->inner];
            int beats = !IS_NAN(best) && ((largest ? next > best : next < best) || IS_NAN(next));
            int ties = next == best || (IS_NAN(next) && IS_NAN(best));
            if (beats || (last && ties)) winner = i;
        }
        y[line] = winner;
    }
}

static void NAME(gather_elements)(const instar_elements *elements, const int64_t *indices, const REAL *restrict x,
                                  REAL *restrict y) {
    FOR_EACH_ELEMENT(elements, indices, { y[place] = from < 0 ? NOT_A_NUMBER : x[from]; })
}

static void NAME(gather_elements_backward)(const instar_elements *elements, const int64_t *indices,
                                           const REAL *restrict dy, REAL *restrict dx) {
    FOR_EACH_ELEMENT(elements, indices, { if (from >= 0) dx[from] += dy[place]; })
}
