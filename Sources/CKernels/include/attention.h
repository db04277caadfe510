// What happens to one head's scores, row-major [rows, columns], between the two products of attention.
#ifndef CKERNELS_ATTENTION_H
#define CKERNELS_ATTENTION_H
#include <stdint.h>

// Which scores take part, and what is added to them.
typedef struct {
    long rows, columns;
    long seen;               // columns from here on are masked
    int32_t causal;          // whether row i sees the columns up to i + shift alone
    long shift;
    const void *bias;        // added to the scores; null where there is none
    const int64_t *allowed;  // 0 where a score is masked; null where there is none
    long stride;             // from one row of `bias` or `allowed` to the next; 0 where all share one
    long width;              // the columns of `bias` or `allowed`; those beyond are masked
} instar_attention_mask;

// scores = cap·tanh(scores/cap).
void instar_attention_softcap(int32_t type, double cap, void *scores, long count);
// dscores ·= 1 − (capped/cap)².
void instar_attention_softcap_backward(int32_t type, double cap, const void *capped, void *dscores, long count);

// scores += bias, −∞ where masked.
void instar_attention_mask_scores(int32_t type, const instar_attention_mask *mask, void *scores);

// The softmax of each row, in place; a row that is masked throughout becomes 0.
void instar_attention_softmax(int32_t type, long rows, long columns, void *scores);
// dscores = p·(dp − Σ p·dp), in place of dp.
void instar_attention_softmax_backward(int32_t type, long rows, long columns, const void *p, void *dp);

#endif
