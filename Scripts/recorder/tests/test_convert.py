import os

import h5py
import numpy as np
import pytest
import torch
from instar_recorder import RecorderError, convert
from instar_recorder.__main__ import main
from torch import nn


def state(step=0, **others):
    return {"layers.2.weight": torch.arange(6.).reshape(2, 3) + step, "layers.10.bias": torch.tensor([step, -step]) * 1.,
            "count": torch.tensor(step), **others}


def stored(run, name):
    with h5py.File(run / "checkpoints" / f"{name}.h5") as file:
        return {key: file[key][()] for key in file}, dict(file.attrs)


def save(tmp_path, **files):
    """Writes `NAME.pt` for each, a name that has no ending given that one, and returns the folder."""
    folder = tmp_path / "source"
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        torch.save(content, folder / f"{name}.pt")
    return folder


def silent(_):
    pass


@pytest.mark.parametrize("wrap", [
    lambda weights: weights, lambda weights: {"model_state_dict": weights}, lambda weights: {"state_dict": weights},
    lambda weights: {"model": weights, "optimizer": {"state": {0: {"exp_avg": torch.zeros(3)}}}},
    lambda weights: {"model": {"state_dict": weights}}, lambda weights: {"model_state_dict": weights, "loss": 0.5},
    lambda weights: {"net": {f"module.{key}": value for key, value in weights.items()}},
    lambda weights: {"model": {f"module._orig_mod.{key}": value for key, value in weights.items()}},
    lambda weights: {key.replace("layers.", "layers._fsdp_wrapped_module."): value for key, value in weights.items()},
], ids=["bare", "model_state_dict", "state_dict", "model", "inside", "loss", "module", "compiled", "fsdp"])
def test_the_weights_are_found_where_people_put_them(wrap, tmp_path):
    convert(save(tmp_path, step_100=wrap(state(100))), tmp_path / "run", note=silent)
    found, attributes = stored(tmp_path / "run", "step_100")
    assert set(found) == set(state())
    for key, value in state(100).items():
        np.testing.assert_array_equal(found[key], value.numpy())
    assert attributes == {}


@pytest.mark.parametrize("ending", [".pt", ".pth", ".ckpt", ".tar", ".bin"])
def test_every_ending_is_known_and_the_names_are_kept(ending, tmp_path):
    source = save(tmp_path, a=state())
    (source / "a.pt").rename(source / f"epoch=0-step=7{ending}")
    convert(source, tmp_path / "run", note=silent)
    assert [path.name for path in (tmp_path / "run" / "checkpoints").iterdir()] == ["epoch=0-step=7.h5"]


def test_steps_inside_become_attributes(tmp_path):
    source = save(tmp_path, a={"state_dict": state(), "global_step": 300, "epoch": torch.tensor(2), "step": "x"},
                  b={"state_dict": state(), "iteration": 1.0, "epoch": 0.5})
    convert(source, tmp_path / "run", note=silent)
    assert stored(tmp_path / "run", "a")[1] == {"global_step": 300, "epoch": 2}
    assert stored(tmp_path / "run", "b")[1] == {"iteration": 1}


def test_folders_of_hugging_faces_trainer_are_checkpoints(tmp_path):
    (tmp_path / "source" / "checkpoint-500").mkdir(parents=True)
    torch.save(state(5), tmp_path / "source" / "checkpoint-500" / "pytorch_model.bin")
    torch.save({"x": torch.zeros(1)}, tmp_path / "source" / "optimizer.pt")
    torch.save({"x": torch.zeros(1)}, tmp_path / "source" / "training_args.bin")
    assert [path.name for path in convert(tmp_path / "source", tmp_path / "run", note=silent)] == ["checkpoint-500.h5"]


def test_element_types_keep_their_values(tmp_path):
    weights = {"half": torch.tensor([0.5, -2]).half(), "brain": torch.tensor([1., -2, 3.140625]).bfloat16(),
               "double": torch.tensor([0.1]).double(), "mask": torch.tensor([True, False]),
               "view": torch.arange(6.).reshape(2, 3).T}
    convert(save(tmp_path, step_1=weights), tmp_path / "run", note=silent)
    with h5py.File(tmp_path / "run" / "checkpoints" / "step_1.h5") as file:
        assert file["half"].dtype == np.float16 and file["double"].dtype == np.float64 and file["mask"].dtype == bool
        assert file["brain"].attrs["dtype"] == "bfloat16"
        bits = file["brain"][()].view(np.uint16).astype(np.uint32) << 16
        assert bits.view(np.float32).tolist() == [1, -2, 3.140625]
        np.testing.assert_array_equal(file["view"][()], weights["view"].numpy())


def test_tied_weights_are_one_dataset_of_two_names(tmp_path):
    model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    model[1].weight = model[0].weight
    convert(save(tmp_path, step_1=model.state_dict()), tmp_path / "run", note=silent)
    with h5py.File(tmp_path / "run" / "checkpoints" / "step_1.h5") as file:
        assert file["0.weight"] == file["1.weight"]


def test_a_second_call_does_only_what_is_new(tmp_path):
    source = save(tmp_path, step_1=state(1), step_2=state(2))
    run = tmp_path / "run"
    convert(source, run, note=silent)
    before = {path.name: (path.stat().st_ino, path.read_bytes()) for path in (run / "checkpoints").iterdir()}
    save(tmp_path, step_2=state(20), step_3=state(3))
    os.utime(source / "step_2.pt", (0, 1))
    notes = []
    convert(source, run, note=notes.append)
    after = {path.name: (path.stat().st_ino, path.read_bytes()) for path in (run / "checkpoints").iterdir()}
    assert after["step_1.h5"] == before["step_1.h5"] and after["step_2.h5"] != before["step_2.h5"]
    assert stored(run, "step_2")[0]["count"] == 20
    assert sorted(after) == ["step_1.h5", "step_2.h5", "step_3.h5"]
    assert [note.split(": ")[1].split()[0] for note in notes] == ["unchanged", "written", "written"]


def test_the_bytes_are_the_same_every_time(tmp_path):
    source = save(tmp_path, step_1={"state_dict": state(1), "step": 1})
    for run in ("a", "b"):
        convert(source, tmp_path / run, note=silent)
    one, other = ((tmp_path / run / "checkpoints" / "step_1.h5").read_bytes() for run in ("a", "b"))
    assert one == other


def test_a_last_checkpoint_that_is_one_of_the_series_is_left_out(tmp_path):
    source = save(tmp_path, a={"state_dict": state(1), "global_step": 5}, last={"state_dict": state(1), "global_step": 5})
    (source / "latest.pt").symlink_to("a.pt")
    for _ in range(2):
        notes = []
        assert [path.name for path in convert(source, tmp_path / "run", note=notes.append)] == ["a.h5"]
        assert any("left out, the same weights and step 5 as a.h5" in note for note in notes)
        assert any("a link to a checkpoint" in note for note in notes)
    save(tmp_path, last={"state_dict": state(2), "global_step": 5})
    assert len(convert(source, tmp_path / "run", note=silent)) == 2


class Custom:
    pass


FAULTS = {
    "objects": (Custom(), "code in a file is not run"),
    "module": (nn.Linear(2, 2), "code in a file is not run"),
    "list": ([torch.zeros(2)], "holds a list"),
    "numbers": ({"a": 1, "b": {"c": 2}}, "no tensors by name; found a, b"),
    "several": ({"model": {"w": torch.zeros(1)}, "net": {"w": torch.zeros(1)}}, "under model or net; say which with --key"),
    "sparse": ({"w": torch.eye(2).to_sparse()}, "w is sparse"),
    "complex": ({"w": torch.zeros(2, dtype=torch.complex64)}, "w is torch.complex64"),
    "float8": ({"w": torch.zeros(2).to(torch.float8_e4m3fn)}, "w is torch.float8_e4m3fn"),
    "one name": ({"w": torch.zeros(1), "_orig_mod.w": torch.zeros(1)}, "two tensors have one name"),
}


@pytest.mark.parametrize("content, message", FAULTS.values(), ids=FAULTS)
def test_a_file_that_cannot_be_converted_is_named_and_the_others_are_converted(content, message, tmp_path):
    source = save(tmp_path, step_1=content, step_2=state(2))
    with pytest.raises(RecorderError, match=f"1 of 2 files .*step_1.pt: .*{message}"):
        convert(source, tmp_path / "run", note=silent)
    assert [path.name for path in (tmp_path / "run" / "checkpoints").iterdir()] == ["step_2.h5"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"hello", None], ids=["empty", "cut", "text", "half"])
def test_damage_is_said_to_be_damage(content, tmp_path):
    source = save(tmp_path, step_1=state())
    path = source / "step_1.pt"
    path.write_bytes(path.read_bytes()[:500] if content is None else content)
    with pytest.raises(RecorderError, match="step_1.pt: .*(damaged|code in a file)"):
        convert(source, tmp_path / "run", note=silent)
    assert list((tmp_path / "run" / "checkpoints").iterdir()) == []


def test_a_key_says_where_the_weights_are(tmp_path):
    source = save(tmp_path, step_1={"model": state(1), "ema": {"shadow": state(2)}})
    convert(source, tmp_path / "run", key="ema.shadow", note=silent)
    assert stored(tmp_path / "run", "step_1")[0]["count"] == 2
    with pytest.raises(RecorderError, match="no entry 'ema.x'; found shadow"):
        convert(source, tmp_path / "other", key="ema.x", note=silent)


@pytest.mark.parametrize("prepare, message", [
    (lambda path: None, "is no folder"),
    (lambda path: path.mkdir(), "holds no checkpoints: expected files that end in .pt"),
    (lambda path: (path.mkdir(), (path / "a.pt").touch(), (path / "a.pth").touch()), "would have one name"),
], ids=["absent", "empty", "one name"])
def test_the_command_says_what_is_wrong_with_a_folder(prepare, message, tmp_path):
    prepare(tmp_path / "source")
    with pytest.raises(SystemExit, match=message):
        main(["convert", str(tmp_path / "source"), str(tmp_path / "run")])


def test_the_command_converts_and_leaves_nothing_else(tmp_path, capsys):
    main(["convert", str(save(tmp_path, step_1=state(1))), str(tmp_path / "run")])
    assert "step_1.pt: written to" in capsys.readouterr().out
    assert [path.name for path in (tmp_path / "run" / "checkpoints").iterdir()] == ["step_1.h5"]


def test_a_file_has_the_rights_that_the_users_mask_leaves(tmp_path):
    before = os.umask(0o027)
    try:
        path, = convert(save(tmp_path, step_1=state(1)), tmp_path / "run", note=silent)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640
