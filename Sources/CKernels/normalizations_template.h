// The kernels of normalizations.c, included once per type.

INSTAR_WIDEST static void NAME(rms_norm)(long rows, long extent, REAL epsilon, const REAL *restrict x,
                                         const REAL *restrict scale, REAL *restrict y, REAL *restrict inverses) {
    for (long row = 0; row < rows; row++) {
        REASSOCIATE const REAL *u = x + row * extent;
        REAL *v = y + row * extent;
        REAL squares = 0;
        for (long i = 0; i < extent; i++) squares += u[i] * u[i];
        REAL inverse = 1 / MATH(sqrt)(squares / extent + epsilon);
        for (long i = 0; i < extent; i++) v[i] = u[i] * inverse * scale[i];
        inverses[row] = inverse;
    }
}

// With z = x·inverse and g = dy·scale: dx = inverse·(g − z·mean(g·z)), dscale = Σ dy·z.
INSTAR_WIDEST static void NAME(rms_norm_backward)(long rows, long extent, const REAL *restrict x,
                                                  const REAL *restrict scale, const REAL *restrict inverses,
                                                  const REAL *restrict dy, REAL *restrict dx, REAL *restrict dscale) {
    for (long row = 0; row < rows; row++) {
        REASSOCIATE const REAL *u = x + row * extent;
        const REAL *dv = dy + row * extent;
        REAL inverse = inverses[row];
        if (dscale)
            for (long i = 0; i < extent; i++) dscale[i] += dv[i] * u[i] * inverse;
        if (!dx) continue;
        REAL product = 0;
        for (long i = 0; i < extent; i++) product += dv[i] * scale[i] * u[i];
        REAL share = product * inverse * inverse / extent;
        REAL *du = dx + row * extent;
        for (long i = 0; i < extent; i++) du[i] += inverse * (dv[i] * scale[i] - u[i] * share);
    }
}

INSTAR_WIDEST static void NAME(group_norm)(const instar_groups *g, REAL epsilon, const REAL *restrict x,
                                           const REAL *restrict scale, const REAL *restrict bias, REAL *restrict y,
                                           REAL *restrict statistics) {
    long extent = g->channels * g->inner;
    for (long row = 0; row < g->batch * g->groups; row++) {
        REASSOCIATE const REAL *u = x + row * extent;
        REAL *v = y + row * extent;
        REAL sum = 0, squares = 0;
        for (long i = 0; i < extent; i++) sum += u[i];
        REAL mean = sum / extent;
        for (long i = 0; i < extent; i++) squares += (u[i] - mean) * (u[i] - mean);
        REAL inverse = 1 / MATH(sqrt)(squares / extent + epsilon);
        for (long channel = 0; channel < g->channels; channel++) {
            long entry = (row % g->groups * g->channels + channel) / g->shared;
            REAL factor = inverse * scale[entry], shift = bias[entry];
            for (long i = channel * g->inner; i < (channel + 1) * g->inner; i++) v[i] = (u[i] - mean) * factor + shift;
        }
        statistics[2 * row] = mean;
        statistics[2 * row + 1] = inverse;
    }
}

// With z = (x − mean)·inverse and g = dy·scale: dx = inverse·(g − mean(g) − z·mean(g·z)), dscale = Σ dy·z, dbias = Σ dy.
INSTAR_WIDEST static void NAME(group_norm_backward)(const instar_groups *g, const REAL *restrict x,
                                                    const REAL *restrict scale, const REAL *restrict statistics,
                                                    const REAL *restrict dy, REAL *restrict dx, REAL *restrict dscale,
                                                    REAL *restrict dbias) {
    long extent = g->channels * g->inner;
    for (long row = 0; row < g->batch * g->groups; row++) {
        REASSOCIATE const REAL *u = x + row * extent;
        const REAL *dv = dy + row * extent;
        REAL mean = statistics[2 * row], inverse = statistics[2 * row + 1], sum = 0, product = 0;
        for (long channel = 0; channel < g->channels; channel++) {
            long entry = (row % g->groups * g->channels + channel) / g->shared;
            REAL channel_sum = 0, channel_product = 0;
            for (long i = channel * g->inner; i < (channel + 1) * g->inner; i++) {
                channel_sum += dv[i];
                channel_product += dv[i] * (u[i] - mean);
            }
            if (dscale) dscale[entry] += channel_product * inverse;
            if (dbias) dbias[entry] += channel_sum;
            sum += scale[entry] * channel_sum;
            product += scale[entry] * channel_product;
        }
        if (!dx) continue;
        sum /= extent;
        product *= inverse * inverse / extent;
        REAL *du = dx + row * extent;
        for (long channel = 0; channel < g->channels; channel++) {
            REAL factor = scale[(row % g->groups * g->channels + channel) / g->shared];
            for (long i = channel * g->inner; i < (channel + 1) * g->inner; i++)
                du[i] += inverse * (dv[i] * factor - sum - (u[i] - mean) * product);
        }
    }
}
