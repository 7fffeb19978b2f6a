# SPDX-License-Identifier: Apache-2.0
"""iceoryx2's Python binding, beside the ring: in one process and between two.

Importing this raises ImportError where there is no binding: it is for x86-64 only.
A directory's name may have 37 characters: a socket is made below it, whose name has up
to 70 more and may have 107 in all (sun_path).
"""

import ctypes
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import iceoryx2

from ipc.sample import Sample
from tests.bench.packed import SIZE, pack, unpack

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where shm_open puts it


class _Payload(ctypes.Structure):
    _fields_ = (("packed", ctypes.c_char * SIZE),)


class _Place:
    """Where its files are and what its shared memory is called, to be removed by us.

    It cleans up after itself but for one segment a prefix, and not after a process
    that was killed. The name is of no other run, so whatever has it is ours.
    """

    def __init__(self, directory: Path) -> None:
        self._files = Path(tempfile.mkdtemp(prefix="iox", dir=directory))
        self._config = iceoryx2.config.default()
        shared = self._config.global_cfg
        shared.root_path = iceoryx2.Path.new(str(self._files))
        shared.prefix = iceoryx2.FileName.new(f"{self._files.name}_")
        iceoryx2.set_log_level(iceoryx2.LogLevel.Fatal)

    def node(self) -> Any:
        """Make a process's own. Signals stay with whoever handles them now."""
        builder = iceoryx2.NodeBuilder.new().config(self._config)
        builder = builder.signal_handling_mode(iceoryx2.SignalHandlingMode.Disabled)
        return builder.create(iceoryx2.ServiceType.Ipc)

    def remove(self) -> None:
        """Leave nothing behind."""
        for segment in _SHARED_MEMORY.glob(f"{self._files.name}_*"):
            segment.unlink(missing_ok=True)
        shutil.rmtree(self._files)


def _samples(node: Any, capacity: int) -> Any:
    """Open the service that carries them, in which a writer waits and none is lost."""
    name = iceoryx2.ServiceName.new("samples")
    builder = node.service_builder(name).publish_subscribe(_Payload)
    builder = builder.subscriber_max_buffer_size(capacity).enable_safe_overflow(False)
    return builder.open_or_create()


def _woken(node: Any) -> Any:
    """Open the service that wakes: of its own, for a subscriber cannot wait."""
    name = iceoryx2.ServiceName.new("woken")
    return node.service_builder(name).event().open_or_create()


def _publisher(service: Any) -> Any:
    strategy = iceoryx2.BackpressureStrategy.RetryUntilDelivered
    return service.publisher_builder().backpressure_strategy(strategy).create()


def _send(publisher: Any, sample: Sample) -> None:
    publisher.send_copy(_Payload.from_buffer_copy(pack(sample)))


def _sample(received: Any) -> Sample:
    sample = unpack(bytes(received.payload().contents))
    received.delete()
    return sample


class Iceoryx:
    """Both ends in one process: a Transport."""

    def __init__(self, directory: Path) -> None:
        self._place = _Place(directory)
        self._service = _samples(self._place.node(), 512)
        self._publisher = _publisher(self._service)
        self._subscriber = self._service.subscriber_builder().create()

    def write(self, sample: Sample) -> None:
        _send(self._publisher, sample)

    def read(self, count: int) -> list[Sample]:
        return [_sample(self._subscriber.receive()) for _ in range(count)]

    def close(self) -> None:
        self._publisher.delete()
        self._subscriber.delete()
        del self._service
        self._place.remove()


class IceoryxPair:
    """An end in each of two processes: a Pair. Wakes once a burst, as the ring does.

    Its nodes are made after the fork, of which the library knows nothing.
    """

    def __init__(self, directory: Path, capacity: int) -> None:
        self._place = _Place(directory)
        self._capacity = capacity
        self._ports: list[Any] = []

    def writer(self) -> Callable[[list[Sample]], None]:
        node = self._place.node()
        publisher = _publisher(_samples(node, self._capacity))
        notifier = _woken(node).notifier_builder().create()
        self._ports += publisher, notifier

        def write(samples: list[Sample]) -> None:
            for sample in samples:
                _send(publisher, sample)
            notifier.notify()

        return write

    def reader(self, patience_s: float) -> Callable[[], list[Sample]]:
        node = self._place.node()
        subscriber = _samples(node, self._capacity).subscriber_builder().create()
        listener = _woken(node).listener_builder().create()
        patience = iceoryx2.Duration.from_secs_f64(patience_s)

        def read() -> list[Sample]:
            samples: list[Sample] = []
            while not samples:
                while received := subscriber.receive():
                    samples.append(_sample(received))
                if not samples and not listener.timed_wait(patience):
                    break
            return samples

        return read

    def close(self) -> None:
        for port in self._ports:
            port.delete()
        self._place.remove()
