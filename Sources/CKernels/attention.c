#include "CKernels.h"
#include "transcendental.h"
#include <math.h>

#define TEMPLATE "attention_template.h"
#include "for_each_type.h"

void instar_attention_softcap(int32_t type, double cap, void *scores, long count) {
    DISPATCH(softcap, cap, scores, count);
}

void instar_attention_softcap_backward(int32_t type, double cap, const void *capped, void *dscores, long count) {
    DISPATCH(softcap_backward, cap, capped, dscores, count);
}

void instar_attention_mask_scores(int32_t type, const instar_attention_mask *mask, void *scores) {
    DISPATCH(mask_scores, mask, scores);
}

void instar_attention_softmax(int32_t type, long rows, long columns, void *scores) {
    DISPATCH(row_softmax, rows, columns, scores);
}

void instar_attention_softmax_backward(int32_t type, long rows, long columns, const void *p, void *dp) {
    DISPATCH(row_softmax_backward, rows, columns, p, dp);
}
