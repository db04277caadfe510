// The kernels of attention.c, included once per type.

INSTAR_WIDEST static void NAME(softcap)(REAL cap, REAL *scores, long count) {
    for (long i = 0; i < count; i++) scores[i] = cap * NAME(hyperbolic_tangent)(scores[i] / cap);
}

INSTAR_WIDEST static void NAME(softcap_backward)(REAL cap, const REAL *restrict capped, REAL *restrict dscores,
                                                 long count) {
    for (long i = 0; i < count; i++) {
        REAL tangent = capped[i] / cap;
        dscores[i] *= 1 - tangent * tangent;
    }
}

INSTAR_WIDEST static void NAME(mask_scores)(const instar_attention_mask *mask, REAL *restrict scores) {
    int is_given = mask->bias || mask->allowed;
    long seen = is_given && mask->width < mask->seen ? mask->width : mask->seen;
    for (long row = 0; row < mask->rows; row++) {
        REAL *v = scores + row * mask->columns;
        long last = mask->causal && row + mask->shift + 1 < seen ? row + mask->shift + 1 : seen;
        if (last < 0) last = 0;
        if (mask->bias) {
            const REAL *bias = (const REAL *)mask->bias + row * mask->stride;
            for (long i = 0; i < last; i++) v[i] += bias[i];
        }
        if (mask->allowed) {
            const int64_t *allowed = mask->allowed + row * mask->stride;
            for (long i = 0; i < last; i++) v[i] = allowed[i] ? v[i] : -INFINITY;
        }
        for (long i = last; i < mask->columns; i++) v[i] = -INFINITY;
    }
}

INSTAR_WIDEST static void NAME(row_softmax)(long rows, long columns, REAL *restrict scores) {
    for (long row = 0; row < rows; row++) {
        REASSOCIATE REAL *v = scores + row * columns;
        REAL largest = -INFINITY, sum = 0;
        for (long i = 0; i < columns; i++) largest = v[i] > largest ? v[i] : largest;
        // What is not −∞ then is NaN.
        if (largest == -INFINITY) {
            for (long i = 0; i < columns; i++) v[i] = v[i] == -INFINITY ? 0 : v[i];
            continue;
        }
        for (long i = 0; i < columns; i++) v[i] = NAME(exponential)(v[i] - largest);
        for (long i = 0; i < columns; i++) sum += v[i];
        for (long i = 0; i < columns; i++) v[i] /= sum;
    }
}

INSTAR_WIDEST static void NAME(row_softmax_backward)(long rows, long columns, const REAL *restrict p,
                                                     REAL *restrict dp) {
    for (long row = 0; row < rows; row++) {
        REASSOCIATE const REAL *u = p + row * columns;
        REAL *v = dp + row * columns;
        REAL sum = 0;
        for (long i = 0; i < columns; i++) sum += u[i] * v[i];
        for (long i = 0; i < columns; i++) v[i] = u[i] * (v[i] - sum);
    }
}
