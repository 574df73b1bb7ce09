"""The worker with a model that no memory holds."""

from typing import Any

import torch

from tests.bark.paced import Paced, run


class Cramped(Paced):
    def generate(self, *_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


if __name__ == "__main__":
    run(Cramped)
