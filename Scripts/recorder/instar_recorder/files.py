"""Files that appear under their names only when they are whole."""

import contextlib
import os
import uuid

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
    temporary = path.parent / f".{path.name}.{uuid.uuid4().hex}"
    # Created with the user's own mask, which the modules for temporary files do not heed.
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    try:
        yield str(temporary)
        written = os.open(temporary, os.O_RDONLY)
        try:
            os.fsync(written)
        finally:
            os.close(written)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
