// The kernels of losses.c, included once per type with REAL, NAME and MATH defined. The gradient may take the place of the
// outputs.

// The largest logit is subtracted first, so that nothing overflows; the loss is log Σ exp(z − max) − (z[target] − max).
INSTAR_WIDEST static void NAME(cross_entropy)(long examples, long positions, long classes, const REAL *outputs,
                                              const int64_t *restrict targets, int64_t ignored, double scale,
                                              double *restrict losses, REAL *gradient) {
    for (long example = 0; example < examples; example++) {
        long counted = 0;
        for (long i = 0; i < positions; i++) counted += targets[example * positions + i] != ignored;
        double loss = 0, weight = counted > 0 ? 1.0 / counted : 0;
        for (long i = 0; i < positions; i++) {
            long row = example * positions + i;
            const REAL *z = outputs + row * classes;
            REAL *dz = gradient ? gradient + row * classes : 0;
            int64_t target = targets[row];
            if (target == ignored) {
                if (dz) for (long c = 0; c < classes; c++) dz[c] = 0;
                continue;
            }
            REAL largest = z[0], chosen = z[target];
            for (long c = 1; c < classes; c++) largest = z[c] > largest ? z[c] : largest;
            double sum = 0;
            if (dz) {
                SAME_PLACE for (long c = 0; c < classes; c++) dz[c] = NAME(exponential)(z[c] - largest);
                for (long c = 0; c < classes; c++) sum += dz[c];
                REAL factor = (REAL)(scale * weight / sum);
                for (long c = 0; c < classes; c++) dz[c] *= factor;
                dz[target] -= (REAL)(scale * weight);
            } else {
                for (long c = 0; c < classes; c++) sum += NAME(exponential)(z[c] - largest);
            }
            loss += log(sum) - ((double)chosen - largest);
        }
        losses[example] = loss * weight;
    }
}

// Squares are taken in one loop over several examples, which may have few outputs each.
INSTAR_WIDEST static void NAME(squared_error)(long examples, long count, const REAL *outputs,
                                              const REAL *restrict targets, double weight, double scale,
                                              double *restrict losses, REAL *gradient) {
    enum { BLOCK = 512, SHORT = 16 };
    double squares[BLOCK];
    REAL factor = (REAL)(2 * weight * scale);
    long whole = count < BLOCK ? BLOCK / (count > 0 ? count : 1) : 0;
    for (long example = 0; example < examples; example += whole > 0 ? whole : 1) {
        long together = whole == 0 ? 1 : examples - example < whole ? examples - example : whole;
        for (long i = 0; i < together; i++) losses[example + i] = 0;
        for (long start = 0; start < together * count; start += BLOCK) {
            const REAL *y = outputs + example * count + start, *t = targets + example * count + start;
            long width = together * count - start < BLOCK ? together * count - start : BLOCK;
            for (long i = 0; i < width; i++) {
                double difference = (double)y[i] - t[i];
                squares[i] = difference * difference;
            }
            if (gradient) {
                REAL *dy = gradient + example * count + start;
                SAME_PLACE for (long i = 0; i < width; i++) dy[i] = factor * (y[i] - t[i]);
            }
            if (count < SHORT) {
                // Too short for vectors: the sums of several examples run beside each other.
                for (long i = 0; i < together; i++) {
                    double sum = 0;
                    for (long j = 0; j < count; j++) sum += squares[i * count + j];
                    losses[example + i] = weight * sum;
                }
            } else {
                for (long i = 0; i < (whole == 0 ? 1 : together); i++) {
                    REASSOCIATE double sum = 0;
                    const double *own = squares + i * count;
                    for (long j = 0; j < (whole == 0 ? width : count); j++) sum += own[j];
                    losses[example + i] += weight * sum;
                }
            }
        }
    }
}

// max(z, 0) − z·t + log(1 + exp(−|z|)), whose derivative is σ(z) − t.
INSTAR_WIDEST static void NAME(binary_cross_entropy)(long examples, long count, const REAL *outputs,
                                                     const REAL *restrict targets, double scale,
                                                     double *restrict losses, REAL *gradient) {
    for (long example = 0; example < examples; example++) {
        double sum = 0, weight = 1.0 / count;
        for (long i = example * count; i < (example + 1) * count; i++) {
            double z = outputs[i], t = targets[i], e = exp(-fabs(z));
            sum += fmax(z, 0) - z * t + log1p(e);
            if (gradient) gradient[i] = (REAL)(scale * weight * ((z < 0 ? e : 1) / (1 + e) - t));
        }
        losses[example] = weight * sum;
    }
}
