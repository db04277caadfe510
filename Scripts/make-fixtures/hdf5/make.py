"""Writes Fixtures/hdf5: small files for the tests of the modules HDF5 and Runs.

    python3 make.py [FOLDER]          needs h5py and numpy

Equal versions give equal bytes: no file holds a time or a random number.
"""
import pathlib
import sys

import h5py
import numpy as np

here = pathlib.Path(__file__).resolve()
folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parents[3] / "Fixtures" / "hdf5"
folder.mkdir(parents=True, exist_ok=True)

READABLE = dict(libver=("earliest", "v114"))


def new(name, **options):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return h5py.File(path, "w", **(options or READABLE))


def without_times():
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_obj_track_times(False)
    return properties


def types():
    """Every element type and byte order, and forms that are refused."""
    with new("types.h5") as file:
        for order, suffix in (("<", "le"), (">", "be")):
            for name in ("f2", "f4", "f8", "i2", "i4", "i8", "u2", "u4", "u8"):
                values = [0, 1, 2, 100] if name[0] == "u" else [-1.5, 0.25, 2, 100] if name[0] == "f" else [-1, 0, 2, 100]
                file[f"{name}_{suffix}"] = np.array(values, dtype=order + name)
        file["i1"] = np.array([-128, 0, 2, 127], dtype="i1")
        file["u1"] = np.array([0, 1, 2, 255], dtype="u1")
        file["bool"] = np.array([True, False, True])
        file["scalar"] = np.float32(3.5)
        file["matrix"] = np.arange(6, dtype="f4").reshape(2, 3)
        file["zero_length"] = np.zeros((0, 3), dtype="f4")
        file["u8_too_large"] = np.array([2**63], dtype="u8")
        # bfloat16: 1.0, -2.0, 3.140625
        bits = np.array([0x3F80, 0xC000, 0x4049], dtype="<u2")
        for name, marked in (("bfloat16_keras", True), ("opaque", False)):
            dataset = file.create_dataset(name, (3,), dtype=np.dtype("V2"))
            dataset[...] = bits.view("V2")
            if marked:
                dataset.attrs["dtype"] = "bfloat16"
        file["bfloat16_as_integers"] = bits
        file["bfloat16_as_integers"].attrs["dtype"] = "bfloat16"
        for name, order in (("bfloat16_le", h5py.h5t.ORDER_LE), ("bfloat16_be", h5py.h5t.ORDER_BE)):
            kind = h5py.h5t.IEEE_F32LE.copy()
            kind.set_fields(15, 7, 8, 0, 7)
            kind.set_size(2)
            kind.set_ebias(127)
            kind.set_order(order)
            dataset = h5py.h5d.create(file.id, name.encode(), kind, h5py.h5s.create_simple((3,)), without_times())
            dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([1.0, -2.0, 3.140625], dtype="<f4"))
        file["complex"] = np.array([1 + 2j])
        file["compound"] = np.zeros(2, dtype=[("a", "i4"), ("b", "f4")])
        file["long_double"] = np.zeros(1, dtype=np.longdouble)
        file["text"] = "hello"
        file["texts"] = np.array(["a", "bé", ""], dtype=h5py.string_dtype())
        file["fixed_texts"] = np.array([b"ab", b"c"])
        file["empty"] = h5py.Empty("f4")
        file["reference"] = np.array([file["matrix"].ref], dtype=h5py.ref_dtype)
        attributes = file["matrix"].attrs
        attributes["integer"] = 42
        attributes["float"] = 0.5
        attributes["text"] = "é"
        attributes["fixed"] = np.bytes_("fixed")
        attributes["texts"] = ["a", "b"]
        attributes["list"] = [1, 2]


def storage():
    """Layouts and filters. Compressible values, since optional filters are left off chunks that they do not shrink."""
    values = np.tile(np.arange(10, dtype="f4"), (40, 1))
    with new("storage.h5") as file:
        file.create_dataset("gzip", data=values, chunks=(7, 4), compression="gzip")
        file.create_dataset("gzip_shuffle_fletcher", data=values, chunks=(40, 10), compression="gzip", shuffle=True, fletcher32=True)
        file.create_dataset("chunked", data=values, chunks=(16, 16), maxshape=(None, None))
        compact = without_times()
        compact.set_layout(h5py.h5d.COMPACT)
        h5py.h5d.create(file.id, b"compact", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((3,)), compact).write(
            h5py.h5s.ALL, h5py.h5s.ALL, np.arange(3, dtype="f4"))
        file.create_dataset("lzf", data=values, chunks=(40, 10), compression="lzf")
        file.create_dataset("scale_offset", data=values.astype("i4"), chunks=(40, 10), scaleoffset=0)
        file.create_dataset("nothing_stored", shape=(1000000, 1000000), chunks=(1000, 1000), dtype="f4")
        file.create_dataset("nothing_stored_contiguous", shape=(1000,), dtype="f4")
        missing = file.create_dataset("missing_chunk", shape=(20, 10), chunks=(10, 10), dtype="f4")
        missing[:10] = 1
        file.create_dataset("external", shape=(4,), dtype="u1", external=[("outside.bin", 0, 4)])
        virtual, space = without_times(), h5py.h5s.create_simple((4,))
        virtual.set_virtual(space, b"absent.h5", b"x", space)
        h5py.h5d.create(file.id, b"virtual", h5py.h5t.IEEE_F32LE, space, virtual)
    with new("newer_format.h5", libver="latest") as file:
        file.create_dataset("filtered", data=values, chunks=(40, 10), compression="gzip")


def links():
    with new("links.h5") as file:
        file["weights/a"] = np.float32([1, 2])
        file["weights/tied"] = file["weights/a"]
        file["soft"] = h5py.SoftLink("/weights/a")
        file["weights/loop"] = file["weights"]
        file["dangling"] = h5py.SoftLink("/nowhere")
        file["outside"] = h5py.ExternalLink("types.h5", "/matrix")
        file["by_way_of_outside"] = h5py.SoftLink("/outside")
        file["circle"] = h5py.SoftLink("/circle")
    with new("sound_links.h5") as file:
        file["weights/a"] = np.float32([1, 2])
        file["weights/loop"] = file["weights"]
        file["soft"] = h5py.SoftLink("/weights/a")


def weights(step, scale=1.0):
    return {
        "layers.2.weight": (np.arange(6, dtype="f4").reshape(2, 3) + step) * np.float32(scale),
        "layers.10.bias": np.array([step, -step], dtype="f4"),
        "count": np.int64(step),
    }


def flat(name, step, mark=None, **changes):
    with new(name) as file:
        for key, value in {**weights(step), **changes}.items():
            if value is not None:
                file[key] = value
        if mark:
            file.attrs[mark] = step


def series():
    for step in (0, 20, 100):
        flat(f"flat/step_{step}.h5", step)
    for step in (0, 7):
        flat(f"attribute/{'ab'[step // 7]}.h5", step, "global_step")
    for step in (1, 2):
        with new(f"nested/ckpt-{step}.h5") as file:
            for key, value in weights(step).items():
                file["model_state_dict/" + key.replace(".", "/")] = value
            file["optimizer/state"] = np.zeros(3)
            file["step"] = step
            file["keys"] = np.array(["layers"], dtype=h5py.string_dtype())
    with new("groups.h5") as file:
        for step in (0, 9, 10):
            for key, value in weights(step).items():
                file[f"checkpoints/{step:06}/{key}"] = value
    with new("root_groups.h5") as file:
        for step in (5, 50):
            for key, value in weights(step).items():
                file[f"{step}/{key}"] = value
    with new("layers_or_steps.h5") as file:
        for step in (0, 2):
            file[f"{step}/weight"] = np.eye(2, dtype="f4")
            file[f"{step}/bias"] = np.zeros(2, dtype="f4")
    with new("stacked.h5") as file:
        for key in weights(0):
            file[key] = np.stack([weights(step)[key] for step in (0, 30, 300)])
        file["steps"] = np.array([0, 30, 300])
    with new("stacked_uneven.h5") as file:
        file["w"] = np.zeros((3, 2), dtype="f4")
        file["b"] = np.zeros(2, dtype="f4")
        file["steps"] = np.array([0, 30, 300])
    with new("keras/1.weights.h5") as file:
        file["layers/dense/vars/0"] = np.eye(2, dtype="f4")
        file["layers/dense/vars/1"] = np.zeros(2, dtype="f4")
        file["optimizer/vars/0"] = np.int32(12)
        file["optimizer/vars/1"] = np.float32(0.1)

    # Each folder has one thing wrong.
    flat("missing_tensor/step_0.h5", 0)
    flat("missing_tensor/step_1.h5", 1, **{"layers.10.bias": None})
    flat("extra_tensor/step_0.h5", 0)
    flat("extra_tensor/step_1.h5", 1, extra=np.zeros(1, dtype="f4"))
    flat("other_shape/step_0.h5", 0)
    flat("other_shape/step_1.h5", 1, **{"layers.10.bias": np.zeros(3, dtype="f4")})
    flat("other_type/step_0.h5", 0)
    flat("other_type/step_1.h5", 1, **{"layers.10.bias": np.zeros(2, dtype="f8")})
    flat("not_a_number/step_0.h5", 0)
    flat("not_a_number/step_1.h5", 1, **{"layers.10.bias": np.array([0, np.nan], dtype="f4")})
    flat("same_step/step_1.h5", 1)
    flat("same_step/ckpt-0001.h5", 1)
    flat("mixed_axes/step_1.h5", 1)
    flat("mixed_axes/epoch_2.h5", 2)
    flat("ambiguous/checkpoint-1-step=100.h5", 1)
    flat("no_step/weights.h5", 1)
    flat("epochs/epoch=2-val_loss=0.02.h5", 2)
    flat("epochs/epoch=10-val_loss=0.01.h5", 10)
    with new("two_containers/step_1.h5") as file:
        file["model/w"] = np.zeros(2, dtype="f4")
        file["state_dict/w"] = np.zeros(2, dtype="f4")


def examples():
    def write(name, **changes):
        with new(f"examples/{name}.h5") as file:
            contents = {
                "input": np.arange(12, dtype="f4").reshape(6, 2),
                "targets": np.array([0, 1, 0, 1, 0, 1]),
                "subsets/train": np.array([0, 1, 2, 5]),
                "subsets/test": np.array([3, 4], dtype="u1"),
                "recorded_outputs/20": np.ones((2, 2), dtype="f4"),
                "recorded_outputs/3": np.zeros((2, 2), dtype="f4"),
            }
            for key, value in {**contents, **changes}.items():
                if value is not None:
                    file[key] = value

    write("sound")
    write("other_count", targets=np.array([0, 1]))
    write("out_of_range", **{"subsets/test": np.array([3, 6])})
    write("twice", **{"subsets/test": np.array([3, 3])})
    write("float_indices", **{"subsets/test": np.array([3.0])})
    write("misspelt", **{"subset/train": np.zeros((6, 1))})
    write("too_many_outputs", **{"recorded_outputs/20": np.ones((5, 2), dtype="f4")})
    write("not_a_number", input=np.full((6, 2), np.nan))


for make in (types, storage, links, series, examples):
    make()
