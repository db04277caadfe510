// The kernels over SCALAR, included by random.c once for each precision.

INSTAR_WIDEST
void NAME(instar_normals)(instar_stream stream, uint32_t row, size_t first, size_t count, SCALAR *normals) {
    SCALAR noise[CHUNK];
    size_t end = first + count;
    for (size_t start = first - first % CHUNK; start < end; start += CHUNK) {
        size_t low = first > start ? first : start;
        size_t high = end < start + CHUNK ? end : start + CHUNK;
        NAME(chunk)(stream, row, start / CHUNK, noise);
        memcpy(normals + (low - first), noise + (low - start), (high - low) * sizeof(SCALAR));
    }
}

typedef SCALAR NAME(lanes) __attribute__((vector_size(SUM_LANES * sizeof(SCALAR))));

// The numbers of a Langevin step. With squared gradients, decay is what they keep: 1 leaves them as they are.
typedef struct {
    SCALAR n_beta, localization, half_step, noise_scale, decay, offset;
} NAME(langevin);

INLINE void NAME(update)(
    SCALAR *position, const SCALAR *gradient, const SCALAR *center, SCALAR *squared_gradients, const SCALAR *noise,
    const NAME(langevin) *step, sum_lanes sums[3]) {
    for (int i = 0; i < CHUNK; i += SUM_LANES) {
        NAME(lanes) w, g, c, xi;
        memcpy(&w, position + i, sizeof w);
        memcpy(&g, gradient + i, sizeof g);
        memcpy(&c, center + i, sizeof c);
        memcpy(&xi, noise + i, sizeof xi);
        NAME(lanes) delta = w - c;
        NAME(lanes) drift = step->n_beta * g + step->localization * delta;
        NAME(lanes) scaled_drift = drift;
        if (squared_gradients) {
            NAME(lanes) v;
            memcpy(&v, squared_gradients + i, sizeof v);
            v = step->decay * v + (1 - step->decay) * (g * g);
            memcpy(squared_gradients + i, &v, sizeof v);
            NAME(lanes) preconditioner = 1 / (__builtin_elementwise_sqrt(v) + step->offset);
            scaled_drift = preconditioner * drift;
            xi = __builtin_elementwise_sqrt(preconditioner) * xi;
        }
        w = w - step->half_step * scaled_drift + step->noise_scale * xi;
        memcpy(position + i, &w, sizeof w);
        sum_lanes wide_delta = __builtin_convertvector(delta, sum_lanes);
        sum_lanes wide_drift = __builtin_convertvector(drift, sum_lanes);
        sums[0] += wide_delta * wide_drift;
        sums[1] += wide_drift * __builtin_convertvector(scaled_drift, sum_lanes);
        sums[2] += wide_delta * wide_delta;
    }
}

INLINE void NAME(langevin_step)(
    instar_stream stream, uint32_t row, size_t first, size_t count, SCALAR *position, const SCALAR *gradient,
    const SCALAR *center, SCALAR *squared_gradients, const NAME(langevin) *step, instar_step_sums *sums) {
    SCALAR noise[CHUNK];
    sum_lanes lanes[3] = {{0}, {0}, {0}};
    size_t end = first + count;
    for (size_t start = first - first % CHUNK; start < end; start += CHUNK) {
        size_t low = first > start ? first : start;
        size_t high = end < start + CHUNK ? end : start + CHUNK;
        NAME(chunk)(stream, row, start / CHUNK, noise);
        if (high - low == CHUNK) {
            NAME(update)(
                position + low, gradient + low, center + low, squared_gradients ? squared_gradients + low : NULL,
                noise, step, lanes);
        } else {
            // The edge of a range is padded with zeros, which add nothing to any sum.
            SCALAR w[CHUNK] = {0}, g[CHUNK] = {0}, c[CHUNK] = {0}, v[CHUNK] = {0};
            size_t size = (high - low) * sizeof(SCALAR), skipped = low - start;
            memcpy(w + skipped, position + low, size);
            memcpy(g + skipped, gradient + low, size);
            memcpy(c + skipped, center + low, size);
            if (squared_gradients) memcpy(v + skipped, squared_gradients + low, size);
            NAME(update)(w, g, c, squared_gradients ? v : NULL, noise, step, lanes);
            memcpy(position + low, w + skipped, size);
            if (squared_gradients) memcpy(squared_gradients + low, v + skipped, size);
        }
    }
    sums->drift_product += total(&lanes[0]);
    sums->squared_drift += total(&lanes[1]);
    sums->squared_distance += total(&lanes[2]);
}

INSTAR_WIDEST
void NAME(instar_sgld_step)(
    instar_stream stream, uint32_t row, size_t first, size_t count, SCALAR *position, const SCALAR *gradient,
    const SCALAR *center, double n_beta, double localization, double step_size, instar_step_sums *sums) {
    NAME(langevin) step = {
        .n_beta = (SCALAR)n_beta, .localization = (SCALAR)localization, .half_step = (SCALAR)(0.5 * step_size),
        .noise_scale = (SCALAR)sqrt(step_size)};
    NAME(langevin_step)(stream, row, first, count, position, gradient, center, NULL, &step, sums);
}

INSTAR_WIDEST
void NAME(instar_rmsprop_step)(
    instar_stream stream, uint32_t row, size_t first, size_t count, SCALAR *position, const SCALAR *gradient,
    const SCALAR *center, SCALAR *squared_gradients, double n_beta, double localization, double step_size,
    double decay, double offset, instar_step_sums *sums) {
    NAME(langevin) step = {
        .n_beta = (SCALAR)n_beta, .localization = (SCALAR)localization, .half_step = (SCALAR)(0.5 * step_size),
        .noise_scale = (SCALAR)sqrt(step_size), .decay = (SCALAR)decay, .offset = (SCALAR)offset};
    NAME(langevin_step)(stream, row, first, count, position, gradient, center, squared_gradients, &step, sums);
}

INLINE void NAME(kick_lane_group)(
    SCALAR *position, SCALAR *momentum, const SCALAR *gradient, const SCALAR *center, SCALAR n_beta,
    SCALAR localization, SCALAR kick, SCALAR drift_time, sum_lanes sums[4]) {
    NAME(lanes) w, p, g, c;
    memcpy(&w, position, sizeof w);
    memcpy(&p, momentum, sizeof p);
    memcpy(&g, gradient, sizeof g);
    memcpy(&c, center, sizeof c);
    NAME(lanes) delta = w - c;
    NAME(lanes) drift = n_beta * g + localization * delta;
    p = p - kick * drift;
    w = w + drift_time * p;
    memcpy(position, &w, sizeof w);
    memcpy(momentum, &p, sizeof p);
    sum_lanes wide_delta = __builtin_convertvector(delta, sum_lanes);
    sum_lanes wide_drift = __builtin_convertvector(drift, sum_lanes);
    sum_lanes wide_momentum = __builtin_convertvector(p, sum_lanes);
    sums[0] += wide_delta * wide_drift;
    sums[1] += wide_drift * wide_drift;
    sums[2] += wide_delta * wide_delta;
    sums[3] += wide_momentum * wide_momentum;
}

INSTAR_WIDEST
void NAME(instar_kick)(
    size_t first, size_t count, SCALAR *position, SCALAR *momentum, const SCALAR *gradient, const SCALAR *center,
    double n_beta, double localization, double kick, double drift_time, instar_step_sums *sums,
    double *squared_momentum) {
    sum_lanes lanes[4] = {{0}, {0}, {0}, {0}};
    size_t end = first + count, index = first;
    for (; index + SUM_LANES <= end; index += SUM_LANES)
        NAME(kick_lane_group)(
            position + index, momentum + index, gradient + index, center + index, (SCALAR)n_beta,
            (SCALAR)localization, (SCALAR)kick, (SCALAR)drift_time, lanes);
    if (index < end) {
        SCALAR w[SUM_LANES] = {0}, p[SUM_LANES] = {0}, g[SUM_LANES] = {0}, c[SUM_LANES] = {0};
        size_t size = (end - index) * sizeof(SCALAR);
        memcpy(w, position + index, size);
        memcpy(p, momentum + index, size);
        memcpy(g, gradient + index, size);
        memcpy(c, center + index, size);
        NAME(kick_lane_group)(
            w, p, g, c, (SCALAR)n_beta, (SCALAR)localization, (SCALAR)kick, (SCALAR)drift_time, lanes);
        memcpy(position + index, w, size);
        memcpy(momentum + index, p, size);
    }
    sums->drift_product += total(&lanes[0]);
    sums->squared_drift += total(&lanes[1]);
    sums->squared_distance += total(&lanes[2]);
    *squared_momentum += total(&lanes[3]);
}

INLINE void NAME(friction_chunk)(
    SCALAR *position, SCALAR *momentum, const SCALAR *noise, SCALAR decay, SCALAR noise_scale, SCALAR drift_time,
    sum_lanes *sum) {
    for (int i = 0; i < CHUNK; i += SUM_LANES) {
        NAME(lanes) w, p, xi;
        memcpy(&w, position + i, sizeof w);
        memcpy(&p, momentum + i, sizeof p);
        memcpy(&xi, noise + i, sizeof xi);
        p = decay * p + noise_scale * xi;
        w = w + drift_time * p;
        memcpy(position + i, &w, sizeof w);
        memcpy(momentum + i, &p, sizeof p);
        sum_lanes wide_momentum = __builtin_convertvector(p, sum_lanes);
        *sum += wide_momentum * wide_momentum;
    }
}

INSTAR_WIDEST
void NAME(instar_friction)(
    instar_stream stream, uint32_t row, size_t first, size_t count, SCALAR *position, SCALAR *momentum, double decay,
    double noise_scale, double drift_time, double *squared_momentum) {
    SCALAR noise[CHUNK];
    sum_lanes sum = {0};
    size_t end = first + count;
    for (size_t start = first - first % CHUNK; start < end; start += CHUNK) {
        size_t low = first > start ? first : start;
        size_t high = end < start + CHUNK ? end : start + CHUNK;
        NAME(chunk)(stream, row, start / CHUNK, noise);
        if (high - low == CHUNK) {
            NAME(friction_chunk)(
                position + low, momentum + low, noise, (SCALAR)decay, (SCALAR)noise_scale, (SCALAR)drift_time, &sum);
        } else {
            // The edge of a range is padded with zeros, its noise too: it would add to the sum.
            SCALAR w[CHUNK] = {0}, p[CHUNK] = {0}, xi[CHUNK] = {0};
            size_t size = (high - low) * sizeof(SCALAR), skipped = low - start;
            memcpy(w + skipped, position + low, size);
            memcpy(p + skipped, momentum + low, size);
            memcpy(xi + skipped, noise + skipped, size);
            NAME(friction_chunk)(w, p, xi, (SCALAR)decay, (SCALAR)noise_scale, (SCALAR)drift_time, &sum);
            memcpy(position + low, w + skipped, size);
            memcpy(momentum + low, p + skipped, size);
        }
    }
    *squared_momentum += total(&sum);
}
