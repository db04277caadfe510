"""python -m instar_recorder convert FOLDER RUN
python -m instar_recorder keras-names MODEL.keras RUN
python -m instar_recorder convert-devinterp OUTPUT.h5 STEP=PATH.zarr …
"""

import argparse
import sys

from .arguments import RecorderError
from .devinterp import convert_devinterp
from .keras_names import write_keras_names


def _store(text):
    step, separator, path = text.partition("=")
    if not (step.isdecimal() and separator and path):
        raise argparse.ArgumentTypeError(f"expected STEP=PATH, such as 1000=samples/step_1000.zarr; found {text!r}")
    return int(step), path


def _convert(folder, run_dir, key):
    try:
        from .convert import convert
    except ImportError as error:
        raise RecorderError("reading .pt, .pth and .ckpt files needs PyTorch: pip install torch.") from error
    convert(folder, run_dir, key=key)


def _keras_names(model, run_dir):
    try:
        import keras
    except ImportError as error:
        raise RecorderError("reading a .keras file needs Keras 3: pip install keras.") from error
    try:
        loaded = keras.models.load_model(model, compile=False)
    except (OSError, ValueError, TypeError) as error:
        raise RecorderError(f"{model} cannot be loaded: {str(error).splitlines()[0]}") from error
    write_keras_names(run_dir, loaded)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m instar_recorder")
    commands = parser.add_subparsers(dest="command", required=True)
    checkpoints = commands.add_parser(
        "convert", help="convert a folder of .pt, .pth or .ckpt files to the checkpoints of a run directory")
    checkpoints.add_argument("folder", metavar="FOLDER", help="the folder that holds the files")
    checkpoints.add_argument("run", metavar="RUN", help="the run directory; the checkpoints go to RUN/checkpoints")
    checkpoints.add_argument("--key", help="the entry that holds the weights, where several may: `ema.state_dict`")
    names = commands.add_parser(
        "keras-names", help="write the names of a Keras 3 model's weights, which .weights.h5 leaves out, to run.yaml")
    names.add_argument("model", metavar="MODEL.keras", help="the model, as model.save wrote it")
    names.add_argument("run", metavar="RUN", help="the run directory")
    traces = commands.add_parser(
        "convert-devinterp", help="convert what devinterp 2's sample() stored to a file for `instar analyze`")
    traces.add_argument("output", metavar="OUTPUT.h5", help="the file to write")
    traces.add_argument("stores", metavar="STEP=PATH", type=_store, nargs="+",
                        help="a checkpoint's training step and the output_path that sample() was given")
    options = parser.parse_args(arguments)
    try:
        if options.command == "convert":
            _convert(options.folder, options.run, options.key)
        elif options.command == "keras-names":
            _keras_names(options.model, options.run)
        else:
            stores = dict(options.stores)
            if len(stores) < len(options.stores):
                parser.error("two stores have the same step")
            convert_devinterp(options.output, stores)
    except (RecorderError, OSError) as error:
        sys.exit(f"{parser.prog}: {error}")


if __name__ == "__main__":
    main()
