"""Files that appear under their names only when they are whole."""

import contextlib
import os
import tempfile

_COMPRESSION = {"compression": "gzip", "compression_opts": 6, "shuffle": True}


def write_dataset(file, name, array):
    """Writes an array, compressed where that pays."""
    if array.nbytes > 65536:  # Below that, the bookkeeping of chunks outweighs what compression saves.
        file.create_dataset(name, data=array, **_COMPRESSION)
    else:
        file.create_dataset(name, data=array)


@contextlib.contextmanager
def replacing(path):
    """A temporary path in the same folder that takes the final name when the body has succeeded."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        yield temporary
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
