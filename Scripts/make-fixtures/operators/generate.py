"""Writes Fixtures/references/operators: every operator's cases, from PyTorch in float64.

    python -m pip install -r requirements.txt
    python generate.py
"""

import elementwise  # noqa: F401
import networks  # noqa: F401
import shapes  # noqa: F401
