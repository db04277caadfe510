// One step of a long short-term memory; Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000.
//
// Gates of an example stand in the order of ONNX: input, output, forget, cell, `hidden` of each. States are
// [batch, hidden].
#ifndef CKERNELS_RECURRENT_H
#define CKERNELS_RECURRENT_H
#include "functions.h"

typedef struct {
    long batch, hidden;
    long gate_stride;              // from one example's gates to the next
    long output_stride;            // from one example's output to the next
    instar_function gate, cell, state;
    double clip;                   // the gates' and the cell's products lie between −clip and clip
    int32_t couples;               // whether the forget gate is 1 − the input gate
    const int64_t *lengths;        // null where all examples are as long as the longest
    long time;                     // an example whose length is not beyond keeps its state
} instar_lstm_step;

// From `z`, the products with the weights, to the gates `a` and the states `c`, `h`; y = h where it is not null, 0 for
// examples that keep their state. Bias [8·hidden] and peephole [3·hidden] are added to `z`; each may be null.
void instar_lstm_forward(int32_t type, const instar_lstm_step *step, const void *bias, const void *peephole,
                         const void *c_before, const void *h_before, void *z, void *a, void *c, void *h, void *y);

// From the gradients `dh`, `dc` of the states after the step to `dz` and to those before it. `dh` is left without what
// passes through the gates: the product of `dz` with the weights is to be added. `dy` and `dpeephole` may be null.
// `room` holds 2·hidden numbers.
void instar_lstm_backward(int32_t type, const instar_lstm_step *step, const void *peephole, const void *c_before,
                          const void *c, const void *z, const void *a, const void *dy, void *dh, void *dc, void *dz,
                          void *dpeephole, void *room);

#endif
