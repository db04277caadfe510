"""python -m instar_recorder convert-devinterp OUTPUT.h5 STEP=PATH.zarr …"""

import argparse
import sys

from .arguments import RecorderError
from .devinterp import convert_devinterp


def _store(text):
    step, separator, path = text.partition("=")
    if not (step.isdecimal() and separator and path):
        raise argparse.ArgumentTypeError(f"expected STEP=PATH, such as 1000=samples/step_1000.zarr; found {text!r}")
    return int(step), path


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m instar_recorder")
    commands = parser.add_subparsers(required=True)
    convert = commands.add_parser(
        "convert-devinterp", help="convert what devinterp 2's sample() stored to a file for `instar analyze`")
    convert.add_argument("output", metavar="OUTPUT.h5", help="the file to write")
    convert.add_argument("stores", metavar="STEP=PATH", type=_store, nargs="+",
                         help="a checkpoint's training step and the output_path that sample() was given")
    options = parser.parse_args(arguments)
    stores = dict(options.stores)
    if len(stores) < len(options.stores):
        parser.error("two stores have the same step")
    try:
        convert_devinterp(options.output, stores)
    except (RecorderError, OSError) as error:
        sys.exit(f"{parser.prog}: {error}")


if __name__ == "__main__":
    main()
