# SPDX-License-Identifier: Apache-2.0
"""Profiles: what is accepted, and what the models say of themselves."""

import pytest

from ipc.sample import Quantity
from sampler import registermap
from sampler.encoding import Encoding
from sampler.errors import ProfileError, SamplerError
from sampler.registermap import Exponent, Register
from tests.sampler.tables import rows

LEAST = """
[meter]
vendor = "V"
model = "M"
status = "inferred"
sources = ["somewhere"]
function_code = 3
[registers]
power_w = { address = 1, encoding = "int32" }
"""


@pytest.fixture
def load(tmp_path):
    def load_text(text: str) -> registermap.Profile:
        path = tmp_path / "own.toml"
        path.write_text(text)
        return registermap.load(str(path))

    return load_text


def test_a_profile_of_the_users_own_works_by_its_path(load):
    profile = load(LEAST)
    register = profile.registers[Quantity.POWER_W]
    assert register == Register(address=1, encoding=Encoding.INT32)
    assert register.end == 3
    assert profile.limits.largest_block == 125
    assert not profile.meter.signs


@pytest.mark.parametrize("model", registermap.names())
def test_every_model_of_ours_loads_and_names_its_sources(model):
    profile = registermap.load(model)
    assert profile.meter.sources
    assert Quantity.POWER_W in profile.registers
    assert Quantity.ENERGY_IMPORT_MWH in profile.registers, "EVerest requires it"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("power_w", "power_kw", "registers.power_kw: no such quantity; did you mean"),
        ("address = 1", "address = 65536", "registers.power_w: address = 65536"),
        ("address = 1", "address = 65535", "power_w: address = 65535: must end"),
        ("int32", "int24", "registers.power_w: encoding = 'int24'"),
        ("encoding", "enc0ding", "unknown key; did you mean 'encoding'?"),
        ('"int32"', '"int32", scale = 0', "registers.power_w: scale = 0"),
        ('inferred"', 'guessed"', "meter.status = 'guessed'"),
        ("function_code = 3", "function_code = 6", "meter.function_code = 6"),
    ],
)
def test_a_mistake_is_told_with_file_key_and_reason(load, old, new, told):
    with pytest.raises(ProfileError) as raised:
        load(LEAST.replace(old, new))
    assert told in str(raised.value)
    assert "own.toml" in str(raised.value)


@pytest.mark.parametrize(
    ("added", "told"),
    [
        ('exponent = "tens"', "power_w: exponent = 'tens': not in [exponents]"),
        ("plus = { address = 9, encoding = 'int16' }", "plus.scale: this key"),
        (
            "plus = { address = 999, encoding = 'int16', scale = 1 }",
            "power_w: plus: must fit into one block",
        ),
        (
            "plus = { address = 3, encoding = 'iskra-t5', scale = 1 }",
            "power_w: plus: must not go with an encoding that has its own exponent",
        ),
        ("function_code = 5", "power_w: function_code = 5"),
        ('word_order = "middle"', "power_w: word_order = 'middle'"),
    ],
)
def test_a_register_that_cannot_be_read_is_refused(load, added, told):
    with pytest.raises(ProfileError) as raised:
        load(LEAST.replace('"int32"', f'"int32", {added}'))
    assert told in str(raised.value)


def test_every_mistake_between_registers_is_told_at_once(load):
    text = LEAST.replace('"int32"', '"int32", exponent = "a"')
    with pytest.raises(ProfileError) as raised:
        load(f'{text}power_l1_w = {{ address = 65535, encoding = "int32" }}\n')
    assert len(str(raised.value).splitlines()) == 2


def test_an_exponent_is_an_integer_and_found_by_its_name(load):
    text = LEAST.replace('"int32"', '"int32", exponent = "tens"')
    profile = load(f"{text}[exponents]\ntens = {{ address = 9 }}\n")
    assert profile.exponents == {"tens": Exponent(address=9)}
    with pytest.raises(ProfileError, match=r"exponents.tens: encoding = 'float32'"):
        load(f'{text}[exponents]\ntens = {{ address = 9, encoding = "float32" }}\n')


def test_a_model_like_another_takes_what_it_does_not_say(load):
    header = LEAST.partition("[registers]")[0]
    profile = load(f'like = "abb_b23"\n{header}[limits]\nlargest_block = 20\n')
    original = registermap.load("abb_b23")
    assert profile.meter.vendor == "V"
    assert profile.limits.largest_block == 20
    assert profile.registers == original.registers
    assert profile.identity == original.identity


@pytest.mark.parametrize(
    ("like", "told"),
    [
        ("abb_b24", "like = 'abb_b24': is itself like another"),
        ("acme", "own.toml: like = 'acme': unknown model"),
    ],
)
def test_a_model_is_not_like_one_that_cannot_stand_for_it(load, like, told):
    with pytest.raises(ProfileError) as raised:
        load(f'like = "{like}"\n{LEAST}')
    assert told in str(raised.value)


def test_a_profile_without_registers_is_refused(load):
    with pytest.raises(ProfileError, match="must have one"):
        load(LEAST.partition("[registers]")[0])


def test_the_example_of_the_readme_is_a_profile(load):
    text = (registermap.MODELS / "README.md").read_text()
    profile = load(text.partition("```toml\n")[2].partition("```")[0])
    assert profile.serial is not None
    assert profile.identity.marks
    assert profile.exponents


def test_an_energy_needs_a_whole_number_of_milliwatt_hours_a_count(load):
    text = LEAST.replace("power_w", "energy_import_mwh")
    with pytest.raises(ProfileError, match="whole number of mWh"):
        load(text.replace('"int32"', '"int32", scale = 0.5'))


def test_an_unknown_model_is_told_with_a_near_one():
    with pytest.raises(ProfileError, match="did you mean 'eastron_sdm") as raised:
        registermap.load("eastron")
    assert isinstance(raised.value, SamplerError)
    assert isinstance(raised.value, ValueError)


SDM_NAMES = {
    **{
        f"{name}L{phase}": f"{quantity}_l{phase}_{unit}"
        for phase in (1, 2, 3)
        for name, quantity, unit in (
            ("Voltage", "voltage", "v"),
            ("Current", "current", "a"),
            ("Power", "power", "w"),
            ("ReactivePower", "reactive_power", "var"),
            ("Import", "energy_import", "mwh"),
            ("Export", "energy_export", "mwh"),
        )
    },
    "Power": "power_w",
    "ReactivePower": "reactive_power_var",
    "Frequency": "frequency_l1_hz",
    "Import": "energy_import_mwh",
    "Export": "energy_export_mwh",
}


def test_the_sdm630_agrees_with_an_independent_table():
    profile = registermap.load("eastron_sdm630")
    seen = set()
    for row in rows("mbmd_registers.csv"):
        if row["meter"] != "SDM":
            continue
        if name := SDM_NAMES.get(row["measurement"]):
            register = profile.registers[Quantity(name)]
            assert register.address == int(row["address"])
            assert register.encoding.value == row["type"]
            assert register.encoding.words == int(row["words"])
            assert profile.meter.function_code == int(row["function_code"])
            kwh = name.startswith("energy")
            assert register.scale == (1_000_000 if kwh else 1) / int(row["divisor"])
            seen.add(name)
    assert seen == set(SDM_NAMES.values())
    assert set(profile.registers) - {Quantity(n) for n in seen} == {
        Quantity.CURRENT_N_A  # listed by two other sources, see the profile's header
    }


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("signs = true\n", "", "meter.signs: must be true with a [transaction]"),
        ("[transaction]", "[transactions]", "transactions: unknown key"),
        ('"carlo-gavazzi"', '"carlo"', "transaction.kind"),
        ("command = 0x7040", "command = 0x17040", "transaction.command = 94272"),
        ("command = 0x7040", "comand = 0x7040", "transaction.comand: unknown key"),
        ("PLMN_SMS = 2", "PLMN_MMS = 2", "PLMN_MMS"),
        ("KEY_CODE = 90", "KEY_CODE = -1", "transaction.types"),
    ],
)
def test_a_mistake_in_how_a_meter_signs_is_named(load, old, new, told):
    text = (registermap.MODELS / "carlo_gavazzi_em580.toml").read_text()
    assert old in text
    with pytest.raises(ProfileError) as caught:
        load(text.replace(old, new))
    assert told in str(caught.value)


def test_a_model_that_is_like_another_signs_like_it_if_it_says_that_it_signs(load):
    base = registermap.load("carlo_gavazzi_em580")
    header = LEAST.partition("[registers]")[0]
    like = f'like = "carlo_gavazzi_em580"\n{header}'
    assert load(like).transaction is None
    signing = load(like.replace("function_code = 3", "function_code = 4\nsigns = true"))
    assert signing.transaction == base.transaction
