"""`studykit test --gpu`: what only a GPU can show."""

import pytest
import torch


def pytest_sessionstart(session: pytest.Session) -> None:
    if not torch.cuda.is_available():
        pytest.exit("PyTorch finds no CUDA GPU here: run this on a machine with one", returncode=2)
