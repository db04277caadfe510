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

INLINE void NAME(update)(
    SCALAR *position, const SCALAR *gradient, const SCALAR *center, const SCALAR *noise, SCALAR n_beta,
    SCALAR localization, SCALAR half_step, SCALAR noise_scale, sum_lanes sums[3]) {
    for (int i = 0; i < CHUNK; i += SUM_LANES) {
        NAME(lanes) w, g, c, xi;
        memcpy(&w, position + i, sizeof w);
        memcpy(&g, gradient + i, sizeof g);
        memcpy(&c, center + i, sizeof c);
        memcpy(&xi, noise + i, sizeof xi);
        NAME(lanes) delta = w - c;
        NAME(lanes) drift = n_beta * g + localization * delta;
        w = w - half_step * drift + noise_scale * xi;
        memcpy(position + i, &w, sizeof w);
        sum_lanes wide_delta = __builtin_convertvector(delta, sum_lanes);
        sum_lanes wide_drift = __builtin_convertvector(drift, sum_lanes);
        sums[0] += wide_delta * wide_drift;
        sums[1] += wide_drift * wide_drift;
        sums[2] += wide_delta * wide_delta;
    }
}

INSTAR_WIDEST
void NAME(instar_sgld_step)(
    instar_stream stream, uint32_t row, size_t first, size_t count, SCALAR *position, const SCALAR *gradient,
    const SCALAR *center, double n_beta, double localization, double step_size, instar_step_sums *sums) {
    SCALAR half_step = (SCALAR)(0.5 * step_size), noise_scale = (SCALAR)sqrt(step_size);
    SCALAR noise[CHUNK];
    sum_lanes lanes[3] = {{0}, {0}, {0}};
    size_t end = first + count;
    for (size_t start = first - first % CHUNK; start < end; start += CHUNK) {
        size_t low = first > start ? first : start;
        size_t high = end < start + CHUNK ? end : start + CHUNK;
        NAME(chunk)(stream, row, start / CHUNK, noise);
        if (high - low == CHUNK) {
            NAME(update)(
                position + low, gradient + low, center + low, noise, (SCALAR)n_beta, (SCALAR)localization, half_step,
                noise_scale, lanes);
        } else {
            // The edge of a range is padded with zeros, which add nothing to any sum.
            SCALAR w[CHUNK] = {0}, g[CHUNK] = {0}, c[CHUNK] = {0};
            size_t size = (high - low) * sizeof(SCALAR), skipped = low - start;
            memcpy(w + skipped, position + low, size);
            memcpy(g + skipped, gradient + low, size);
            memcpy(c + skipped, center + low, size);
            NAME(update)(
                w, g, c, noise, (SCALAR)n_beta, (SCALAR)localization, half_step, noise_scale, lanes);
            memcpy(position + low, w + skipped, size);
        }
    }
    sums->drift_product += total(&lanes[0]);
    sums->squared_drift += total(&lanes[1]);
    sums->squared_distance += total(&lanes[2]);
}
