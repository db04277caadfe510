// Element-wise loops that want the widest vector unit at run time. Each has a plain-Swift reference in its test.
#ifndef CKERNELS_H
#define CKERNELS_H

// Compiles a function once per vector width and picks at load time. A plain "avx2" clone would lack FMA.
#if __x86_64__
#define INSTAR_WIDEST __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define INSTAR_WIDEST
#endif

#include "attention.h"
#include "axes.h"
#include "elementwise.h"
#include "functions.h"
#include "fused.h"
#include "losses.h"
#include "normalizations.h"
#include "operations.h"
#include "pages.h"
#include "random.h"
#include "thin.h"
#include "recurrent.h"

#endif
