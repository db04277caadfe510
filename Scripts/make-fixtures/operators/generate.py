"""Writes Fixtures/references/operators: every operator's cases, from PyTorch in float64.

    python -m pip install -r requirements.txt
    python generate.py
"""

import activations  # noqa: F401
import attention  # noqa: F401
import blocks  # noqa: F401
import elementwise  # noqa: F401
import networks  # noqa: F401
import recurrent  # noqa: F401
import reductions  # noqa: F401
import shapes  # noqa: F401
import transposed  # noqa: F401
