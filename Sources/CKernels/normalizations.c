#include "CKernels.h"
#include <math.h>

#define TEMPLATE "normalizations_template.h"
#include "for_each_type.h"

void instar_rms_norm(int32_t type, long rows, long extent, double epsilon, const void *x, const void *scale, void *y,
                     void *inverses) {
    DISPATCH(rms_norm, rows, extent, epsilon, x, scale, y, inverses);
}

void instar_rms_norm_backward(int32_t type, long rows, long extent, const void *x, const void *scale,
                              const void *inverses, const void *dy, void *dx, void *dscale) {
    DISPATCH(rms_norm_backward, rows, extent, x, scale, inverses, dy, dx, dscale);
}

void instar_group_norm(int32_t type, const instar_groups *groups, double epsilon, const void *x, const void *scale,
                       const void *bias, void *y, void *statistics) {
    DISPATCH(group_norm, groups, epsilon, x, scale, bias, y, statistics);
}

void instar_group_norm_backward(int32_t type, const instar_groups *groups, const void *x, const void *scale,
                                const void *statistics, const void *dy, void *dx, void *dscale, void *dbias) {
    DISPATCH(group_norm_backward, groups, x, scale, statistics, dy, dx, dscale, dbias);
}
