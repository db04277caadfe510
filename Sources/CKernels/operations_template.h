// The kernels of operations.c, included once per type with REAL, NAME, MATH and NOT_A_NUMBER defined.

INSTAR_WIDEST static void NAME(copy)(const instar_strides *strides, const REAL *restrict x, REAL *restrict y) {
    FOR_EACH_PLANE(strides, {
        if (sb == 1 && tb == 1) {
            for (long a = 0; a < m; a++) memcpy(y + t + a * ta, x + s + a * sa, sizeof(REAL) * n);
        } else {
            TILED(y[t + a * ta + b * tb] = x[s + a * sa + b * sb]);
        }
    })
}

INSTAR_WIDEST static void NAME(accumulate)(const instar_strides *strides, REAL scale, const REAL *restrict x,
                                           REAL *restrict y) {
    FOR_EACH_PLANE(strides, {
        if (tb == 0) {
            for (long a = 0; a < m; a++) {
                REASSOCIATE REAL sum = 0;
                const REAL *u = x + s + a * sa;
                if (sb == 1) {
                    for (long b = 0; b < n; b++) sum += u[b];
                } else {
                    for (long b = 0; b < n; b++) sum += u[b * sb];
                }
                y[t + a * ta] += scale * sum;
            }
        } else if (sb == 1 && tb == 1) {
            for (long a = 0; a < m; a++) {
                const REAL *u = x + s + a * sa;
                REAL *v = y + t + a * ta;
                for (long b = 0; b < n; b++) v[b] += scale * u[b];
            }
        } else {
            TILED(y[t + a * ta + b * tb] += scale * x[s + a * sa + b * sb]);
        }
    })
}

INSTAR_WIDEST static void NAME(maximize)(const instar_strides *strides, const REAL *restrict x, REAL *restrict y) {
    FOR_EACH_PLANE(strides, {
        for (long a = 0; a < m; a++)
            for (long b = 0; b < n; b++) {
                REAL p = x[s + a * sa + b * sb];
                REAL *v = y + t + a * ta + b * tb;
                if (p > *v || p != p) *v = p;
            }
    })
}

static void NAME(fill)(REAL value, REAL *y, long count) {
    for (long i = 0; i < count; i++) y[i] = value;
}

static void NAME(gather)(const instar_selection *selection, const int64_t *tuples, const REAL *x, REAL *y) {
    FOR_EACH_SELECTED(selection, tuples, {
        if (row >= 0) {
            memcpy(y + target * inner, x + row * inner, sizeof(REAL) * inner);
        } else {
            NAME(fill)(NOT_A_NUMBER, y + target * inner, inner);
        }
    })
}

static void NAME(triangle)(int32_t upper, long shift, long matrices, long rows, long columns, const REAL *restrict x,
                           REAL *restrict y) {
    for (long row = 0; row < matrices * rows; row++) {
        const REAL *u = x + row * columns;
        REAL *v = y + row * columns;
        long first = row % rows + shift;
        for (long column = 0; column < columns; column++)
            v[column] = (upper ? column >= first : column <= first) ? u[column] : 0;
    }
}

#ifndef INTEGERS_ONLY

INSTAR_WIDEST static void NAME(maximize_backward)(const instar_strides *strides, const REAL *restrict x,
                                                  const REAL *restrict y, const REAL *restrict dy, long count,
                                                  REAL *restrict counts, REAL *restrict dx) {
    NAME(fill)(0, counts, count);
    FOR_EACH_PLANE(strides, {
        for (long a = 0; a < m; a++)
            for (long b = 0; b < n; b++)
                counts[t + a * ta + b * tb] += x[s + a * sa + b * sb] == y[t + a * ta + b * tb];
    })
    FOR_EACH_PLANE(strides, {
        for (long a = 0; a < m; a++)
            for (long b = 0; b < n; b++) {
                long from = s + a * sa + b * sb;
                long to = t + a * ta + b * tb;
                if (x[from] == y[to]) dx[from] += dy[to] / counts[to];
            }
    })
}

INSTAR_WIDEST static void NAME(gather_backward)(const instar_selection *selection, const int64_t *tuples,
                                                const REAL *restrict dy, REAL *restrict dx) {
    FOR_EACH_SELECTED(selection, tuples, {
        if (row < 0) continue;
        for (long i = 0; i < inner; i++) dx[row * inner + i] += dy[target * inner + i];
    })
}

static void NAME(triangle_backward)(int32_t upper, long shift, long matrices, long rows, long columns,
                                    const REAL *restrict dy, REAL *restrict dx) {
    for (long row = 0; row < matrices * rows; row++) {
        long first = row % rows + shift;
        for (long column = 0; column < columns; column++)
            if (upper ? column >= first : column <= first) dx[row * columns + column] += dy[row * columns + column];
    }
}

// y[i] = expression of z = x[i].
#define ACTIVATION(expression)                                                                       \
    for (long i = 0; i < count; i++) { REAL z = x[i]; y[i] = (expression); }                         \
    break

INSTAR_WIDEST static void NAME(activation)(int32_t code, REAL p, REAL q, const REAL *restrict x, REAL *restrict y,
                                           long count) {
    switch (code) {
    case INSTAR_CLIP: ACTIVATION(z > q || p > q ? q : z < p ? p : z);
    case INSTAR_SOFTPLUS: ACTIVATION((z > 0 ? z : 0) + MATH(log1p)(NAME(exponential)(-MATH(fabs)(z))));
    case INSTAR_LEAKY_RELU: ACTIVATION(z < 0 ? p * z : z);
    case INSTAR_ELU: ACTIVATION(z < 0 ? p * MATH(expm1)(z) : z);
    }
}
#undef ACTIVATION

#define ACTIVATION_BACKWARD(slope)                                                                   \
    for (long i = 0; i < count; i++) { REAL z = x[i]; dx[i] += (slope) * dy[i]; }                    \
    break

INSTAR_WIDEST static void NAME(activation_backward)(int32_t code, REAL p, REAL q, const REAL *restrict x,
                                                    const REAL *restrict dy, REAL *restrict dx, long count) {
    switch (code) {
    case INSTAR_CLIP: ACTIVATION_BACKWARD(z < p || z > q ? 0 : 1);
    case INSTAR_SOFTPLUS: ACTIVATION_BACKWARD(1 / (1 + NAME(exponential)(-z)));
    case INSTAR_LEAKY_RELU: ACTIVATION_BACKWARD(z > 0 ? 1 : p);
    case INSTAR_ELU: ACTIVATION_BACKWARD(z > 0 ? 1 : p * NAME(exponential)(z));
    }
}
#undef ACTIVATION_BACKWARD

// Rows are often shorter than a vector: the exponentials of several are taken in one loop, from cache to cache.
INSTAR_WIDEST static void NAME(softmax)(int32_t logarithm, long outer, long extent, long inner, const REAL *restrict x,
                                        REAL *restrict y) {
    long block = extent * inner, blocks = block == 0 ? outer : block < 4096 ? 4096 / block : 1;
    for (long first = 0; first < outer; first += blocks) {
        REASSOCIATE const REAL *u = x + first * block;
        REAL *v = y + first * block;
        long count = outer - first < blocks ? outer - first : blocks;
        for (long row = 0; row < count * inner && extent > 0; row++) {
            long start = row / inner * block + row % inner;
            REAL largest = u[start];
            for (long i = 1; i < extent; i++) largest = u[start + i * inner] > largest ? u[start + i * inner] : largest;
            for (long i = 0; i < extent; i++) v[start + i * inner] = u[start + i * inner] - largest;
        }
        if (logarithm) {
            for (long row = 0; row < count * inner; row++) {
                long start = row / inner * block + row % inner;
                REAL sum = 0;
                for (long i = 0; i < extent; i++) sum += NAME(exponential)(v[start + i * inner]);
                REAL shift = MATH(log)(sum);
                for (long i = 0; i < extent; i++) v[start + i * inner] -= shift;
            }
        } else {
            for (long i = 0; i < count * block; i++) v[i] = NAME(exponential)(v[i]);
            for (long row = 0; row < count * inner; row++) {
                long start = row / inner * block + row % inner;
                REAL sum = 0;
                for (long i = 0; i < extent; i++) sum += v[start + i * inner];
                for (long i = 0; i < extent; i++) v[start + i * inner] /= sum;
            }
        }
    }
}

// dx = y·(dy − Σ y·dy), and dx = dy − eʸ·Σ dy for the logarithm.
INSTAR_WIDEST static void NAME(softmax_backward)(int32_t logarithm, long outer, long extent, long inner,
                                                 const REAL *restrict y, const REAL *restrict dy, REAL *restrict dx) {
    for (long row = 0; row < outer * inner; row++) {
        REASSOCIATE long start = row / inner * extent * inner + row % inner;
        const REAL *v = y + start;
        const REAL *dv = dy + start;
        REAL *du = dx + start;
        REAL sum = 0;
        for (long i = 0; i < extent; i++) sum += logarithm ? dv[i * inner] : v[i * inner] * dv[i * inner];
        for (long i = 0; i < extent; i++)
            du[i * inner] += logarithm ? dv[i * inner] - NAME(exponential)(v[i * inner]) * sum
                                       : v[i * inner] * (dv[i * inner] - sum);
    }
}

INSTAR_WIDEST static void NAME(layer_norm)(long rows, long extent, REAL epsilon, const REAL *restrict x,
                                           const REAL *restrict scale, const REAL *restrict bias, REAL *restrict y,
                                           REAL *restrict statistics) {
    for (long row = 0; row < rows; row++) {
        REASSOCIATE const REAL *u = x + row * extent;
        REAL *v = y + row * extent;
        REAL sum = 0, squares = 0;
        for (long i = 0; i < extent; i++) sum += u[i];
        REAL mean = sum / extent;
        for (long i = 0; i < extent; i++) squares += (u[i] - mean) * (u[i] - mean);
        REAL inverse = 1 / MATH(sqrt)(squares / extent + epsilon);
        if (bias) {
            for (long i = 0; i < extent; i++) v[i] = (u[i] - mean) * inverse * scale[i] + bias[i];
        } else {
            for (long i = 0; i < extent; i++) v[i] = (u[i] - mean) * inverse * scale[i];
        }
        statistics[2 * row] = mean;
        statistics[2 * row + 1] = inverse;
    }
}

// With z = (x − mean)·inverse and g = dy·scale: dx = inverse·(g − mean(g) − z·mean(g·z)), dscale = Σ dy·z, dbias = Σ dy.
INSTAR_WIDEST static void NAME(layer_norm_backward)(long rows, long extent, const REAL *restrict x,
                                                    const REAL *restrict scale, const REAL *restrict statistics,
                                                    const REAL *restrict dy, REAL *restrict dx, REAL *restrict dscale,
                                                    REAL *restrict dbias) {
    for (long row = 0; row < rows; row++) {
        REASSOCIATE const REAL *u = x + row * extent;
        const REAL *dv = dy + row * extent;
        REAL mean = statistics[2 * row], inverse = statistics[2 * row + 1];
        if (dscale)
            for (long i = 0; i < extent; i++) dscale[i] += dv[i] * (u[i] - mean) * inverse;
        if (dbias)
            for (long i = 0; i < extent; i++) dbias[i] += dv[i];
        if (!dx) continue;
        REAL sum = 0, product = 0;
        for (long i = 0; i < extent; i++) {
            REAL g = dv[i] * scale[i];
            sum += g;
            product += g * (u[i] - mean) * inverse;
        }
        sum /= extent;
        product /= extent;
        REAL *du = dx + row * extent;
        for (long i = 0; i < extent; i++)
            du[i] += inverse * (dv[i] * scale[i] - sum - (u[i] - mean) * inverse * product);
    }
}

INSTAR_WIDEST static void NAME(batch_norm)(long batch, long channels, long inner, REAL epsilon, const REAL *restrict x,
                                           const REAL *restrict scale, const REAL *restrict bias,
                                           const REAL *restrict mean, const REAL *restrict variance,
                                           REAL *restrict y) {
    for (long block = 0; block < batch * channels; block++) {
        long c = block % channels;
        REAL factor = scale[c] / MATH(sqrt)(variance[c] + epsilon), center = mean[c], shift = bias[c];
        for (long i = 0; i < inner; i++) y[block * inner + i] = (x[block * inner + i] - center) * factor + shift;
    }
}

INSTAR_WIDEST static void NAME(batch_norm_backward)(long batch, long channels, long inner, REAL epsilon,
                                                    const REAL *restrict x, const REAL *restrict scale,
                                                    const REAL *restrict mean, const REAL *restrict variance,
                                                    const REAL *restrict dy, REAL *restrict dx,
                                                    REAL *restrict dscale, REAL *restrict dbias,
                                                    REAL *restrict dmean, REAL *restrict dvariance) {
    for (long block = 0; block < batch * channels; block++) {
        REASSOCIATE long c = block % channels;
        REAL inverse = 1 / MATH(sqrt)(variance[c] + epsilon), factor = scale[c] * inverse;
        const REAL *u = x + block * inner;
        const REAL *dv = dy + block * inner;
        if (dx)
            for (long i = 0; i < inner; i++) dx[block * inner + i] += factor * dv[i];
        if (!dscale && !dbias && !dmean && !dvariance) continue;
        REAL sum = 0, product = 0;
        for (long i = 0; i < inner; i++) {
            sum += dv[i];
            product += dv[i] * (u[i] - mean[c]);
        }
        if (dscale) dscale[c] += product * inverse;
        if (dbias) dbias[c] += sum;
        if (dmean) dmean[c] -= sum * factor;
        if (dvariance) dvariance[c] -= (REAL)0.5 * product * factor * inverse * inverse;
    }
}

static void NAME(unfold)(const instar_window *w, long channels, const REAL *restrict x, REAL *restrict columns) {
    FOR_EACH_TAP_ROW(w, channels, {
        for (long o = 0; o < first; o++) columns[to + o] = 0;
        if (w->stride[2] == 1) {
            if (last > first) memcpy(columns + to + first, x + from + first, sizeof(REAL) * (last - first));
        } else {
            for (long o = first; o < last; o++) columns[to + o] = x[from + o * w->stride[2]];
        }
        for (long o = last; o < w->output[2]; o++) columns[to + o] = 0;
    })
}

INSTAR_WIDEST static void NAME(fold)(const instar_window *w, long channels, const REAL *restrict columns,
                                     REAL *restrict x) {
    FOR_EACH_TAP_ROW(w, channels, {
        if (w->stride[2] == 1) {
            for (long o = first; o < last; o++) x[from + o] += columns[to + o];
        } else {
            for (long o = first; o < last; o++) x[from + o * w->stride[2]] += columns[to + o];
        }
    })
}

// The place in the input of the first of the largest elements under the window; −1 where it sees padding only.
#define WINNER(w, x, winner)                                                                         \
    long winner = -1;                                                                                \
    FOR_EACH_TAP(w, {                                                                                \
        if (winner < 0 || x[position] > x[winner] || x[position] != x[position]) winner = position;  \
    })

static void NAME(max_pool)(const instar_window *w, int32_t column_major, long planes, const REAL *restrict x,
                           REAL *restrict y, int64_t *restrict indices) {
    FOR_EACH_WINDOW(w, planes, {
        WINNER(w, x, winner)
        y[target] = winner < 0 ? -INFINITY : x[winner];
        if (indices) indices[target] = winner < 0 || !column_major ? winner : column_major_position(w, winner);
    })
}

static void NAME(max_pool_backward)(const instar_window *w, long planes, const REAL *restrict x,
                                    const REAL *restrict dy, REAL *restrict dx) {
    FOR_EACH_WINDOW(w, planes, {
        WINNER(w, x, winner)
        if (winner >= 0) dx[winner] += dy[target];
    })
}
#undef WINNER

static void NAME(average_pool)(const instar_window *w, int32_t padding, long planes, const REAL *restrict x,
                               REAL *restrict y) {
    FOR_EACH_WINDOW(w, planes, {
        REAL sum = 0;
        FOR_EACH_TAP(w, { sum += x[position]; })
        y[target] = sum / (REAL)tap_count(w, padding, layer, row, column);
    })
}

static void NAME(average_pool_backward)(const instar_window *w, int32_t padding, long planes, const REAL *restrict dy,
                                        REAL *restrict dx) {
    FOR_EACH_WINDOW(w, planes, {
        REAL share = dy[target] / (REAL)tap_count(w, padding, layer, row, column);
        FOR_EACH_TAP(w, { dx[position] += share; })
    })
}

#endif
