// Normalisations beside those of operations.h. Backward kernels add to the gradients they are given; each may be null.
#ifndef CKERNELS_NORMALIZATIONS_H
#define CKERNELS_NORMALIZATIONS_H
#include <stdint.h>

// y = x/√(mean(x²) + epsilon)·scale over each row of [rows, extent]. `inverses` keeps each row's 1/√(mean(x²) + epsilon).
void instar_rms_norm(int32_t type, long rows, long extent, double epsilon, const void *x, const void *scale, void *y,
                     void *inverses);
void instar_rms_norm_backward(int32_t type, long rows, long extent, const void *x, const void *scale,
                              const void *inverses, const void *dy, void *dx, void *dscale);

// What is normalised together: `channels` neighbouring channels of `inner` elements each, in [batch, groups, channels,
// inner]; `shared` neighbouring channels have one scale and one bias.
typedef struct {
    long batch, groups, channels, inner, shared;
} instar_groups;

// y = (x − mean)/√(variance + epsilon)·scale + bias over each group. `statistics` keeps each group's mean and
// 1/√(variance + epsilon), [batch, groups, 2].
void instar_group_norm(int32_t type, const instar_groups *groups, double epsilon, const void *x, const void *scale,
                       const void *bias, void *y, void *statistics);
void instar_group_norm_backward(int32_t type, const instar_groups *groups, const void *x, const void *scale,
                                const void *statistics, const void *dy, void *dx, void *dscale, void *dbias);

#endif
