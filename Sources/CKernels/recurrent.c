#include "CKernels.h"
#include "transcendental.h"
#include <math.h>
#include <string.h>

#define TEMPLATE "recurrent_template.h"
#include "for_each_type.h"

void instar_lstm_forward(int32_t type, const instar_lstm_step *step, const void *bias, const void *peephole,
                         const void *c_before, const void *h_before, void *z, void *a, void *c, void *h, void *y) {
    DISPATCH(lstm_forward, step, bias, peephole, c_before, h_before, z, a, c, h, y);
}

void instar_lstm_backward(int32_t type, const instar_lstm_step *step, const void *peephole, const void *c_before,
                          const void *c, const void *z, const void *a, const void *dy, void *dh, void *dc, void *dz,
                          void *dpeephole, void *room) {
    DISPATCH(lstm_backward, step, peephole, c_before, c, z, a, dy, dh, dc, dz, dpeephole, room);
}
