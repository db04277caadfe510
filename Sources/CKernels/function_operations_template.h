// The kernels of functions.c, included once per type.
#include "functions_template.h"

INSTAR_WIDEST static void NAME(apply_backward)(instar_function function, const REAL *restrict x,
                                               const REAL *restrict dy, REAL *restrict dx, long count) {
    REAL slopes[256];
    for (long first = 0; first < count; first += 256) {
        long size = count - first < 256 ? count - first : 256;
        NAME(slopes)(function, x + first, slopes, size);
        for (long i = 0; i < size; i++) dx[first + i] += slopes[i] * dy[first + i];
    }
}

INSTAR_WIDEST static void NAME(outer_slope)(int32_t code, const REAL *restrict y, const REAL *restrict dy,
                                            REAL *restrict slopes, long count) {
    for (long i = 0; i < count; i++) {
        if (code == INSTAR_OUTER_IDENTITY) slopes[i] = dy[i];
        else if (code == INSTAR_OUTER_ROOT) slopes[i] = y[i] == 0 ? 0 : dy[i] / (2 * y[i]);
        else slopes[i] = dy[i] * NAME(exponential)(-y[i]);
    }
}

INSTAR_WIDEST static void NAME(prelu)(const REAL *restrict x, const REAL *restrict slope, REAL *restrict y,
                                      long count) {
    for (long i = 0; i < count; i++) y[i] = x[i] < 0 ? slope[i] * x[i] : x[i];
}

INSTAR_WIDEST static void NAME(prelu_backward)(const REAL *restrict x, const REAL *restrict slope,
                                               const REAL *restrict dy, REAL *restrict dx, REAL *restrict dslope,
                                               long count) {
    if (dx)
        for (long i = 0; i < count; i++) dx[i] += x[i] > 0 ? dy[i] : slope[i] * dy[i];
    if (dslope)
        for (long i = 0; i < count; i++) dslope[i] = x[i] < 0 ? x[i] * dy[i] : 0;
}
