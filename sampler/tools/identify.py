# SPDX-License-Identifier: Apache-2.0
"""Which model a meter is: by what it says of itself, else by what it measures.

It only ever reads.
"""

from collections.abc import Iterator, Mapping

import msgspec

from ipc.sample import QUANTITIES, Quantity, is_present
from sampler.fault import Bus, Fault
from sampler.identity import IdentityRegister
from sampler.plan import Block, plan
from sampler.registermap import Profile
from sampler.wire import Wire

MAINS_V = (80, 300)
MAINS_HZ = (45, 65)
"""A frequency register that shows the mains' is hardly there by chance."""

VOLTAGES = (Quantity.VOLTAGE_L1_V, Quantity.VOLTAGE_L2_V, Quantity.VOLTAGE_L3_V)


class Identification(msgspec.Struct, frozen=True, kw_only=True):
    """What a meter is.

    models         the profiles that fit, the best first; those of one family may all
    is_certain     the meter said it, in a register that only this family has
    serial_number  as text, None if it has none that we know of
    """

    models: tuple[str, ...] = ()
    is_certain: bool = False
    serial_number: str | None = None


UNKNOWN = Identification()


class Remembering:
    """A bus that asks nothing twice: the same registers belong to many models."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._answers: dict[tuple[int, Block], bytes | Fault] = {}

    def read(self, unit_id: int, block: Block) -> bytes | Fault:
        """Read a block, or give what was read before."""
        key = (unit_id, block)
        if key not in self._answers:
            self._answers[key] = self._bus.read(unit_id, block)
        return self._answers[key]


def identify(
    bus: Bus, unit_id: int, profiles: Mapping[str, Profile], *, wire: Wire
) -> Identification:
    """Find out what the meter is that answers under this unit id."""
    meter = _Meter(Remembering(bus), unit_id, wire)
    certain = [name for name, profile in profiles.items() if meter.says(profile)]
    models = certain or meter.guesses(profiles)
    if not models:
        return UNKNOWN
    return Identification(
        models=tuple(models),
        is_certain=bool(certain),
        serial_number=meter.serial_number(profiles[models[0]]),
    )


class _Meter:
    def __init__(self, bus: Bus, unit_id: int, wire: Wire) -> None:
        self._bus = bus
        self._unit_id = unit_id
        self._wire = wire

    def says(self, profile: Profile) -> bool:
        """Whether the meter shows every mark of a model, which has some."""
        marks = profile.identity.marks
        return bool(marks) and all(
            (data := self._read(mark)) is not None and mark.matches(data)
            for mark in marks
        )

    def serial_number(self, profile: Profile) -> str | None:
        """Give the serial number, if the model has one and the meter shows it."""
        register = profile.identity.serial_number
        data = self._read(register) if register else None
        text = str(register.value(data)) if register and data else ""
        return text or None

    def guesses(self, profiles: Mapping[str, Profile]) -> list[str]:
        """Give the models whose registers show a mains, the best fit first."""
        fits = [
            (fit, name)
            for name, profile in profiles.items()
            if not profile.identity.marks and (fit := self._fit(profile)) is not None
        ]
        return [name for _, name in sorted(fits)]

    def _fit(self, profile: Profile) -> tuple[int, int] | None:
        """Count what a model has and this meter has not, and minus what both have.

        None: there is no mains where this model has voltage and frequency.
        """
        telling = (Quantity.VOLTAGE_L1_V, Quantity.FREQUENCY_L1_HZ)
        if not all(quantity in profile.registers for quantity in telling):
            return None
        if len(list(self._sound(_only(profile, telling)))) < len(telling):
            return None
        sound = len(list(self._sound(profile)))
        return len(profile.registers) - sound, -sound

    def _sound(self, profile: Profile) -> Iterator[Quantity]:
        """Read a profile; give the quantities that are there and can be true."""
        planned = plan(profile, self._wire)
        answers = [self._bus.read(self._unit_id, block) for block in planned.blocks]
        data = [None if isinstance(answer, Fault) else answer for answer in answers]
        values = planned.decode(data).values
        for quantity, value in zip(QUANTITIES, values, strict=True):
            if is_present(value) and _is_of_mains(quantity, value):
                yield quantity

    def _read(self, register: IdentityRegister) -> bytes | None:
        block = Block(
            function_code=register.function_code,
            address=register.address,
            count=register.words,
        )
        answer = self._bus.read(self._unit_id, block)
        return None if isinstance(answer, Fault) else answer


def _only(profile: Profile, quantities: tuple[Quantity, ...]) -> Profile:
    registers = {quantity: profile.registers[quantity] for quantity in quantities}
    return msgspec.structs.replace(profile, registers=registers)


def _is_of_mains(quantity: Quantity, value: float) -> bool:
    """Whether a voltage or a frequency can be that of a mains; others always can."""
    if quantity in VOLTAGES:
        return MAINS_V[0] <= value <= MAINS_V[1]
    if quantity is Quantity.FREQUENCY_L1_HZ:
        return MAINS_HZ[0] <= value <= MAINS_HZ[1]
    return True
