import json

import h5py
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import yaml
from instar_recorder import RECORDED_EXAMPLE_COUNT, Recorder, RecorderError
from torch import nn
from torch.nn import functional


class ConvolutionalNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(1, 3, 3)
        self.norm = nn.BatchNorm2d(3)
        self.head = nn.Linear(3, 4)

    def forward(self, images):
        return self.head(functional.relu(self.norm(self.convolution(images))).mean(dim=(2, 3)))


class LanguageModel(nn.Module):
    """One causal block with rotary positions from a buffer and an unembedding tied to the embedding."""

    def __init__(self, vocabulary=11, width=8, length=6):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.unembedding = nn.Linear(width, vocabulary, bias=False)
        self.unembedding.weight = self.embedding.weight
        angles = torch.arange(length)[:, None] / 10 ** torch.linspace(0, 1, width)
        self.register_buffer("cosines", angles.cos(), persistent=False)

    def forward(self, tokens):
        x = self.embedding(tokens) * self.cosines
        query, key, value = self.query_key_value(self.norm(x)).unsqueeze(1).chunk(3, dim=-1)
        attended = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.unembedding(x + attended.squeeze(1))


def multilayer_perceptron():
    return nn.Sequential(nn.Linear(5, 7), nn.GELU(), nn.Dropout(0.5), nn.Linear(7, 4))


def classes(count=20):
    return torch.arange(count) % 4


CASES = {
    "perceptron": (multilayer_perceptron, {"input": torch.randn(20, 5)}, classes(), "cross-entropy"),
    "convolution": (ConvolutionalNetwork, {"images": torch.randn(20, 1, 8, 8)}, classes(), "cross-entropy"),
    "language model": (LanguageModel, {"tokens": torch.randint(11, (20, 6))}, None, "next-token"),
}


def train(model, data, step_count=3):
    """A few steps in training mode, whatever the loss, so that weights and running statistics move."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.train()
    for _ in range(step_count):
        optimizer.zero_grad()
        model(**data).square().mean().backward()
        optimizer.step()


@pytest.fixture(params=CASES, ids=str, scope="module")
def recording(request, tmp_path_factory):
    directory = tmp_path_factory.mktemp("recording") / "run"
    torch.manual_seed(0)
    make, data, targets, loss = CASES[request.param]
    model = make()
    states, outputs = {}, {}
    with Recorder(directory, model, None, data, loss, targets, subsets={"train": [4, 2, 9]},
                  hyperparameters={"learning rate": 1e-5}) as recorder:
        for step in (0, 5, 1200):
            recorder.save(step)
            assert model.training
            recorder.log(step, loss=0.5 * step)
            states[step] = {key: value.clone() for key, value in model.state_dict().items()}
            with torch.no_grad():
                outputs[step] = model.eval()(**data).numpy()
            train(model, data)
    return directory, model, data, outputs, states


def test_every_checkpoint_gives_torchs_outputs_through_the_graph(recording):
    directory, _, data, outputs, _ = recording
    session = onnxruntime.InferenceSession(directory / "model.onnx", providers=["CPUExecutionProvider"])
    for step, expected in outputs.items():
        with h5py.File(directory / "checkpoints" / f"step_{step:07d}.h5") as file:
            assert file.attrs["step"] == step
            feeds = {**{key: file[key][()] for key in file}, **{key: value.numpy() for key, value in data.items()}}
        names = [value.name for value in session.get_inputs()]
        found = session.run(None, {name: feeds[name] for name in names})[0]
        # Float32 rounding of a few layers with values of order one; weights of another step differ by 1e-2.
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    assert np.abs(outputs[0] - outputs[1200]).max() > 1e-2


def test_the_checkpoint_holds_the_state_by_its_names_and_tied_weights_once(recording):
    directory, model, _, _, states = recording
    with h5py.File(directory / "checkpoints" / "step_0001200.h5") as file:
        expected = dict(states[1200])
        if isinstance(model, LanguageModel):
            del expected["unembedding.weight"]
            expected["cosines"] = model.cosines
        assert set(file) == set(expected)
        for key, value in expected.items():
            np.testing.assert_array_equal(file[key][()], value.numpy())


def test_the_graphs_inputs_are_the_data_and_the_floating_point_state(recording):
    directory, _, data, _, states = recording
    graph = onnx.load(directory / "model.onnx")
    onnx.checker.check_model(graph)
    names = [value.name for value in graph.graph.input]
    manifest = yaml.safe_load((directory / "run.yaml").read_text())
    assert set(names) == {*data, *manifest["trainable"], *manifest.get("buffers", [])}
    assert all(value.type.tensor_type.shape.dim[0].dim_param == "batch" for value in graph.graph.input[:len(data)])


def test_the_graph_carries_no_metadata_and_no_local_path(recording):
    directory, *_ = recording
    content = (directory / "model.onnx").read_bytes()
    for trace in (b".py", b"stack_trace", b"site-packages", str(directory).encode()):
        assert trace not in content


def test_the_manifest_tells_parameters_from_buffers(recording):
    directory, model, *_ = recording
    manifest = yaml.safe_load((directory / "run.yaml").read_text())
    assert manifest["name"] == "run"
    assert manifest["trainable"] == [key for key, _ in model.named_parameters()]
    buffers = {"ConvolutionalNetwork": ["norm.running_mean", "norm.running_var"], "LanguageModel": ["cosines"]}
    assert manifest.get("buffers", []) == buffers.get(type(model).__name__, [])
    assert float(manifest["hyperparameters"]["learning rate"]) == 1e-5


def test_the_examples_hold_the_outputs_of_the_first_and_the_latest_checkpoint(recording):
    directory, _, data, outputs, _ = recording
    with h5py.File(directory / "data.h5") as file:
        for key, value in data.items():
            np.testing.assert_array_equal(file[key][()], value.numpy())
        assert file["subsets/train"][()].tolist() == [4, 2, 9]
        assert set(file["recorded_outputs"]) == {"0", "1200"}
        for step in (0, 1200):
            np.testing.assert_allclose(file[f"recorded_outputs/{step}"][()], outputs[step][[4, 2, 9]], rtol=1e-5,
                                       atol=1e-6)


def test_metrics_are_lines_of_json(recording):
    directory, *_ = recording
    lines = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    assert lines == [{"step": step, "loss": 0.5 * step} for step in (0, 5, 1200)]


class TwoInputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(5, 4)

    def forward(self, x, scale):
        return self.linear(x) * scale


@pytest.mark.parametrize("wrap", [
    lambda x, scale: (x[:2], scale[:2]), lambda x, scale: (x[:1], scale[:1]),
    lambda x, scale: {"scale": scale[:5], "x": x[:5]}, lambda x, scale: None,
], ids=["tuple", "one example", "dict", "None"])
def test_the_example_input_is_given_as_one_calls_the_model(wrap, tmp_path):
    x, scale = torch.randn(6, 5), torch.randn(6, 1)
    Recorder(tmp_path, TwoInputs(), wrap(x, scale), {"x": x, "scale": scale}, targets=classes(6))
    inputs = onnx.load(tmp_path / "model.onnx").graph.input
    assert [value.name for value in inputs[:2]] == ["x", "scale"]
    assert inputs[0].type.tensor_type.shape.dim[0].dim_param == "batch"


def test_metrics_that_are_not_finite_are_null(tmp_path):
    recorder = Recorder(tmp_path, nn.Linear(5, 4), None, torch.randn(4, 5), targets=classes(4))
    recorder.log(3, loss=float("nan"), norm=torch.tensor(torch.inf), rate=0.5)
    recorder.close()
    assert (tmp_path / "metrics.jsonl").read_text() == '{"step": 3, "loss": null, "norm": null, "rate": 0.5}\n'


def test_targets_that_are_an_input_are_stored_once_and_outputs_cover_the_first_examples(tmp_path):
    inputs = np.random.default_rng(0).random((50, 5), dtype=np.float32)
    recorder = Recorder(tmp_path, nn.Linear(5, 5), inputs[:1], inputs, "sum-squared-error", inputs)
    recorder.save(0)
    with h5py.File(tmp_path / "data.h5") as file:
        assert file["targets"] == file["input"]
        assert file["recorded_outputs/0"].shape == (RECORDED_EXAMPLE_COUNT, 5)


def test_frozen_parameters_are_not_trainable(tmp_path):
    model = multilayer_perceptron()
    model[0].bias.requires_grad_(False)
    Recorder(tmp_path, model, None, torch.randn(4, 5), targets=classes(4))
    manifest = yaml.safe_load((tmp_path / "run.yaml").read_text())
    assert manifest["buffers"] == ["0.bias"]
    assert "0.bias" not in manifest["trainable"]


def test_the_reference_evaluator_stands_in_for_onnx_runtime(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    Recorder(tmp_path, ConvolutionalNetwork(), None, torch.randn(4, 1, 8, 8), targets=classes(4))
    assert (tmp_path / "model.onnx").exists()


class RandomNetwork(nn.Module):
    """Drops units in evaluation mode too, so that no two evaluations agree."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(5, 4)

    def forward(self, input):
        return functional.dropout(self.linear(input), 0.5, training=True)


MISUSES = {
    "unknown loss": (dict(loss="hinge"), "unknown loss 'hinge'"),
    "no targets": (dict(targets=None), "needs targets"),
    "targets of next-token": (dict(loss="next-token"), "takes no targets"),
    "counts": (dict(targets=classes(5)), "'targets': 5"),
    "index": (dict(subsets={"test": [20]}), "subset 'test' must be a list of indices from 0 to 19"),
    "text": (dict(data={"input": np.array(["a", "b", "c"])}), "must be a numeric array"),
    "argument": (dict(data={"x": torch.randn(20, 5)}), "no place for 'x': .* Sequential has the arguments: input"),
    "bare array": (dict(model=TwoInputs()), "data lacks 'scale': .* has the arguments: x, scale"),
    "example's argument": (dict(example_input={"x": torch.randn(2, 5)}), "example_input has no place for 'x'"),
    "example's shape": (dict(example_input=torch.randn(2, 6)), r"float32 of shape \[2, 6\] against"),
    "too many examples": (dict(example_input=(torch.randn(2, 5), torch.randn(2, 5))), "example_input holds 2 inputs"),
    "wrapper": (dict(model=nn.DataParallel(multilayer_perceptron())), "DataParallel is a wrapper"),
    "randomness": (dict(model=RandomNetwork()), "does not follow the model"),
}


@pytest.mark.parametrize("arguments, message", MISUSES.values(), ids=MISUSES.keys())
def test_misuse_says_what_is_wrong(arguments, message, tmp_path):
    arguments = {"model": multilayer_perceptron(), "example_input": None, "data": torch.randn(20, 5),
                 "targets": classes(), **arguments}
    with pytest.raises(RecorderError, match=message):
        Recorder(tmp_path / "run", **arguments)


def test_an_existing_recording_and_a_step_saved_twice_are_refused(tmp_path):
    arguments = dict(model=multilayer_perceptron(), example_input=None, data=torch.randn(20, 5), targets=classes())
    recorder = Recorder(tmp_path, **arguments)
    recorder.save(3)
    with pytest.raises(RecorderError, match="step 3 is already recorded"):
        recorder.save(3)
    with pytest.raises(RecorderError, match="already holds a recording. Continue it with resume=True"):
        Recorder(tmp_path, **arguments)


@pytest.fixture
def interrupted(tmp_path):
    """A recording that ended at step 5, in the middle of a line of metrics, and the arguments that began it."""
    arguments = dict(run_dir=tmp_path, model=nn.Linear(5, 4), example_input=None, data=torch.randn(20, 5),
                     targets=classes(), resume=True)
    with Recorder(**arguments) as recorder:
        for step in (0, 2, 5):
            recorder.save(step)
            recorder.log(step, loss=0.5)
    with open(tmp_path / "metrics.jsonl", "a") as file:
        file.write('{"step": 7, "lo')
    return arguments


def test_a_recording_is_continued(interrupted):
    directory, model = interrupted["run_dir"], interrupted["model"]
    graph = (directory / "model.onnx").stat()
    with torch.no_grad():
        model.weight += 1
    with Recorder(**interrupted) as recorder:
        for step in (5, 9):
            recorder.save(step)
            recorder.log(step, loss=0.25)
        with pytest.raises(RecorderError, match="step 5 is already recorded"):
            recorder.save(5)
    assert (directory / "model.onnx").stat() == graph
    assert sorted(path.name[-10:] for path in (directory / "checkpoints").iterdir()) == [
        f"{step:07d}.h5" for step in (0, 2, 5, 9)]
    with h5py.File(directory / "checkpoints" / "step_0000005.h5") as file:
        np.testing.assert_array_equal(file["weight"][()], model.weight.detach().numpy())
    lines = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    assert [(line["step"], line["loss"]) for line in lines] == [(0, .5), (2, .5), (5, .5), (5, .25), (9, .25)]
    with h5py.File(directory / "data.h5") as file:
        assert set(file["recorded_outputs"]) == {"0", "9"}
        expected = model(interrupted["data"][:RECORDED_EXAMPLE_COUNT]).detach().numpy()
        np.testing.assert_allclose(file["recorded_outputs/9"][()], expected, rtol=1e-5, atol=1e-6)


OTHERS = {
    "shape": (dict(model=nn.Linear(5, 3)), "another model: .* differ in bias, weight"),
    "names": (dict(model=nn.Sequential(nn.Linear(5, 4))), "differ in 0.bias, 0.weight, bias, weight"),
    "examples": (dict(data=torch.zeros(20, 5)), "other examples: its data.h5 differs in input"),
    "targets": (dict(targets=classes() + 1), "other examples: its data.h5 differs in targets"),
}


@pytest.mark.parametrize("others, message", OTHERS.values(), ids=OTHERS.keys())
def test_a_recording_of_something_else_is_not_continued(others, message, interrupted):
    with pytest.raises(RecorderError, match=message):
        Recorder(**{**interrupted, **others})


def test_a_recording_without_its_graph_is_not_continued(interrupted):
    (interrupted["run_dir"] / "model.onnx").unlink()
    with pytest.raises(RecorderError, match="no model.onnx"):
        Recorder(**interrupted)


def test_outputs_that_cannot_be_recorded_leave_the_examples_as_they_were(interrupted, monkeypatch):
    path = interrupted["run_dir"] / "data.h5"
    before = path.read_bytes()
    recorder = Recorder(**interrupted)
    monkeypatch.setattr(h5py.Group, "move", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(OSError, match="no space left"):
        recorder.save(9)
    assert path.read_bytes() == before
    assert [path.name for path in interrupted["run_dir"].glob(".*")] == []
