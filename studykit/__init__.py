"""studykit: run it, so that what you say about training models is right."""

from typing import Any


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext studykit`: `study` and `desk` are there without an import.

    Args:
        shell: The running IPython.
    """
    from studykit.notebook import desk, study

    shell.push({"study": study, "desk": desk})
