"""A training that measures the time of each part of a step."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from gan_run.core.base.device import synchronize
from gan_run.core.engine.training import Training
from gan_run.core.images.image_set import ImageSet
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.spec import Spec


class Stopwatch(Training):
    """A training that adds up the seconds of each part of a step while `running` is set."""

    def __init__(self, spec: Spec, info: DataInfo, images: ImageSet | None) -> None:
        super().__init__(spec, info, images)
        self.running = False
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        if not self.running:
            yield
            return
        synchronize(self.device)
        begin = time.perf_counter()
        yield
        synchronize(self.device)
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin
