"""Writes Fixtures/safetensors: small checkpoints as the safetensors library writes them.

    pip install -r requirements.txt && python3 make.py [FOLDER]

Equal versions give equal bytes.
"""
import json
import pathlib
import struct
import sys

import numpy as np
from safetensors import TensorSpec, serialize_file

here = pathlib.Path(__file__).resolve()
folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parents[3] / "Fixtures" / "safetensors"


def write(name, tensors, metadata=None):
    """Tensors as name: (element type, shape, struct's code, values)."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {key: np.frombuffer(struct.pack(f"<{len(values)}{code}", *values), dtype="u1")
            for key, (_, _, code, values) in tensors.items()}
    specs = {key: TensorSpec(dtype=kind, shape=shape, data_ptr=data[key].ctypes.data, data_len=data[key].nbytes)
             for key, (kind, shape, _, _) in tensors.items()}
    serialize_file(specs, str(path), metadata)
    path.chmod(0o644)


def types():
    """Every element type that is read."""
    floats, signed, unsigned = [-1.5, 0.25, 2.0, 100.0], [-1, 0, 2, 100], [0, 1, 2, 100]
    write("types.safetensors", {
        "f64": ("float64", [4], "d", floats), "f32": ("float32", [2, 2], "f", floats), "f16": ("float16", [4], "e", floats),
        "bf16": ("bfloat16", [3], "H", [0x3F80, 0xC000, 0x4049]),
        "i64": ("int64", [4], "q", [-2**63, 0, 2, 2**63 - 1]), "i32": ("int32", [4], "i", signed),
        "i16": ("int16", [4], "h", signed), "i8": ("int8", [4], "b", [-128, 0, 2, 127]),
        "u64": ("uint64", [4], "Q", unsigned), "u32": ("uint32", [4], "I", [0, 1, 2, 2**32 - 1]),
        "u16": ("uint16", [4], "H", [0, 1, 2, 2**16 - 1]), "u8": ("uint8", [4], "B", [0, 1, 2, 255]),
        "bool": ("bool", [3], "B", [1, 0, 1]), "scalar": ("float32", [], "f", [3.5]), "nothing": ("float32", [0, 3], "f", []),
    }, {"format": "pt"})
    write("refused.safetensors", {"w": ("float8_e4m3fn", [2], "B", [0, 1])})


def weights(step):
    return {
        "layers.2.weight": ("float32", [2, 3], "f", [step + value for value in range(6)]),
        "layers.10.bias": ("float32", [2], "f", [step, -step]),
        "count": ("int64", [], "q", [step]),
    }


def series():
    for step in (0, 20, 100):
        write(f"flat/step_{step}.safetensors", weights(step), {"format": "pt"})
    for step in (0, 7):
        write(f"metadata/{'ab'[step // 7]}.safetensors", weights(step), {"format": "pt", "global_step": str(step)})
    # As Hugging Face's trainer writes them: one file, or parts and an index.
    write("trainer/checkpoint-20/model.safetensors", weights(20), {"format": "pt"})
    tensors = weights(100)
    index = {"metadata": {"total_size": 40}, "weight_map": {}}
    for number, names in enumerate((["layers.2.weight"], ["layers.10.bias", "count"]), start=1):
        part = f"model-{number:05}-of-00002.safetensors"
        write(f"trainer/checkpoint-100/{part}", {name: tensors[name] for name in names}, {"format": "pt"})
        index["weight_map"].update({name: part for name in names})
    path = folder / "trainer" / "checkpoint-100"
    (path / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")
    (path / "trainer_state.json").write_text(json.dumps(
        {"epoch": 0.5, "global_step": 100, "log_history": [{"loss": float("nan"), "step": 10}]}, indent=2) + "\n")


types()
series()
