// The kernels of recurrent.c, included once per type.
#include "functions_template.h"

// target = f(min(max(source, −clip), clip)).
static void NAME(apply_clipped)(instar_function function, REAL clip, const REAL *source, REAL *target, long count) {
    REAL clipped[256];
    for (long first = 0; first < count; first += 256) {
        long size = count - first < 256 ? count - first : 256;
        for (long i = 0; i < size; i++) {
            REAL value = source[first + i];
            clipped[i] = value < -clip ? -clip : value > clip ? clip : value;
        }
        NAME(apply)(function, clipped, target + first, size);
    }
}

static void NAME(slopes_clipped)(instar_function function, REAL clip, const REAL *source, REAL *target, long count) {
    NAME(slopes)(function, source, target, count);
    for (long i = 0; i < count; i++)
        if (source[i] < -clip || source[i] > clip) target[i] = 0;
}

INSTAR_WIDEST static void NAME(lstm_forward)(const instar_lstm_step *step, const REAL *restrict bias,
                                             const REAL *restrict peephole, const REAL *restrict c_before,
                                             const REAL *restrict h_before, REAL *restrict z, REAL *restrict a,
                                             REAL *restrict c, REAL *restrict h, REAL *restrict y) {
    long n = step->hidden;
    REAL clip = step->clip;
    for (long example = 0; example < step->batch; example++) {
        const REAL *before = c_before + example * n;
        REAL *cell = c + example * n, *state = h + example * n;
        REAL *u = z + example * step->gate_stride, *v = a + example * step->gate_stride;
        REAL *output = y ? y + example * step->output_stride : 0;
        if (step->lengths && step->time >= step->lengths[example]) {
            memcpy(cell, before, sizeof(REAL) * n);
            memcpy(state, h_before + example * n, sizeof(REAL) * n);
            if (output) memset(output, 0, sizeof(REAL) * n);
            continue;
        }
        if (bias)
            for (long i = 0; i < 4 * n; i++) u[i] += bias[i] + bias[4 * n + i];
        if (peephole)
            for (long i = 0; i < n; i++) {
                u[i] += peephole[i] * before[i];
                u[2 * n + i] += peephole[2 * n + i] * before[i];
            }
        NAME(apply_clipped)(step->gate, clip, u, v, n);
        NAME(apply_clipped)(step->gate, clip, u + 2 * n, v + 2 * n, n);
        NAME(apply_clipped)(step->cell, clip, u + 3 * n, v + 3 * n, n);
        if (step->couples)
            for (long i = 0; i < n; i++) v[2 * n + i] = 1 - v[i];
        for (long i = 0; i < n; i++) cell[i] = v[2 * n + i] * before[i] + v[i] * v[3 * n + i];
        if (peephole)
            for (long i = 0; i < n; i++) u[n + i] += peephole[n + i] * cell[i];
        NAME(apply_clipped)(step->gate, clip, u + n, v + n, n);
        NAME(apply)(step->state, cell, state, n);
        for (long i = 0; i < n; i++) state[i] *= v[n + i];
        if (output) memcpy(output, state, sizeof(REAL) * n);
    }
}

// With h = o·f(c), c = f·c₋ + i·g: do = dh·f(c), dc += dh·o·f′(c) + dz_o·P_o; di = dc·g, dg = dc·i, df = dc·c₋, each times
// the slope of its function; dc₋ = dc·f + dz_i·P_i + dz_f·P_f.
INSTAR_WIDEST static void NAME(lstm_backward)(const instar_lstm_step *step, const REAL *restrict peephole,
                                              const REAL *restrict c_before, const REAL *restrict c,
                                              const REAL *restrict z, const REAL *restrict a,
                                              const REAL *restrict dy, REAL *restrict dh, REAL *restrict dc,
                                              REAL *restrict dz, REAL *restrict dpeephole, REAL *restrict room) {
    long n = step->hidden;
    REAL clip = step->clip;
    for (long example = 0; example < step->batch; example++) {
        const REAL *before = c_before + example * n, *cell = c + example * n;
        const REAL *u = z + example * step->gate_stride, *v = a + example * step->gate_stride;
        REAL *du = dz + example * step->gate_stride, *dstate = dh + example * n, *dcell = dc + example * n;
        if (step->lengths && step->time >= step->lengths[example]) {
            memset(du, 0, sizeof(REAL) * 4 * n);
            continue;
        }
        if (dy)
            for (long i = 0; i < n; i++) dstate[i] += dy[example * step->output_stride + i];
        REAL *values = room, *slopes = room + n;
        NAME(apply)(step->state, cell, values, n);
        NAME(slopes)(step->state, cell, slopes, n);
        NAME(slopes_clipped)(step->gate, clip, u, du, 3 * n);
        NAME(slopes_clipped)(step->cell, clip, u + 3 * n, du + 3 * n, n);
        for (long i = 0; i < n; i++) {
            du[n + i] *= dstate[i] * values[i];
            REAL d = dcell[i] + dstate[i] * v[n + i] * slopes[i];
            if (peephole) d += du[n + i] * peephole[n + i];
            du[i] *= d * (step->couples ? v[3 * n + i] - before[i] : v[3 * n + i]);
            du[2 * n + i] *= step->couples ? 0 : d * before[i];
            du[3 * n + i] *= d * v[i];
            dcell[i] = d * v[2 * n + i];
            if (peephole) dcell[i] += du[i] * peephole[i] + du[2 * n + i] * peephole[2 * n + i];
            dstate[i] = 0;
        }
        if (!dpeephole) continue;
        for (long i = 0; i < n; i++) {
            dpeephole[i] += du[i] * before[i];
            dpeephole[n + i] += du[n + i] * cell[i];
            dpeephole[2 * n + i] += du[2 * n + i] * before[i];
        }
    }
}
