"""CSV files as forms: every fault with its line, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.csv_forms import FileRefused, columns_of, read
from services.base import Location
from services.forms import BatteryForm, HolderForm, StationForm, UserForm
from services.models import HolderKind, Role, Vehicle


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.csv"


def _problems(kind: str, path: Path) -> list[tuple[int, str]]:
    with pytest.raises(FileRefused) as refused:
        read(kind, path)
    return [(problem.line, problem.message) for problem in refused.value.problems]


def test_a_line_is_a_form_and_an_empty_cell_says_nothing(path: Path) -> None:
    path.write_text(
        "\ufeffstation_id,name,location.lat,location.lng,capacity,is_active\r\n"
        's1,"Hebbal, north ಹೆಬ್ಬಾಳ",13.04, 77.59 ,,false\r\n'
        "\r\n"
        "s2,Two,1,2,7,\r\n",
        encoding="utf-8",
    )

    assert read("stations", path) == [
        (
            2,
            StationForm(
                station_id="s1",
                name="Hebbal, north ಹೆಬ್ಬಾಳ",
                location=Location(lat=13.04, lng=77.59),
                is_active=False,
            ),
        ),
        (4, StationForm(station_id="s2", name="Two", location=Location(lat=1, lng=2), capacity=7)),
    ]


def test_parts_have_columns_with_dots(path: Path) -> None:
    path.write_text(
        "user_id,role,name,vehicle.id,vehicle.battery_type\nu,consumer,Asha,KA,long\nv,staff,B,,\n"
    )
    rider = UserForm(
        user_id="u", role=Role.CONSUMER, name="Asha", vehicle=Vehicle(id="KA", battery_type="long")
    )

    assert [form for _, form in read("users", path)] == [
        rider,
        UserForm(user_id="v", role=Role.STAFF, name="B"),
    ]
    path.write_text("battery_id,holder.kind,holder.id,holder.slot,soc\nb,slot,s1,4,55.5\n")
    holder = HolderForm(kind=HolderKind.SLOT, id="s1", slot=4)
    assert [form for _, form in read("batteries", path)] == [
        BatteryForm(battery_id="b", holder=holder, soc=55.5)
    ]


def test_the_columns_are_the_fields_of_the_operation() -> None:
    assert list(columns_of(BatteryForm)) == [
        "battery_id", "battery_type", "state", "holder.kind", "holder.id", "holder.slot",
        "soc", "soh", "temperature_c", "cycles",
    ]  # fmt: skip


def test_every_fault_is_told_with_its_line(path: Path) -> None:
    path.write_text(
        "partner_id,name,location.lat,location.lng,capacity\n"
        "p1,One,91,1,x\n"
        "p2,Two,1\n"
        "p3,Three,1,1,3\n"
        "p3,Again,1,1,3\n"
    )

    found = _problems("partners", path)

    assert [line for line, _ in found] == [2, 2, 3, 5]
    assert [message.partition(":")[0] for _, message in found] == [
        "location.lat", "capacity", "has 3 cells, the header 5", "partner_id",
    ]  # fmt: skip
    assert "line 4" in found[-1][1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "needs station_id"),
        ("name\nx\n", "needs station_id"),
        ("station_id,station_id\na,b\n", "each column once"),
        ("station_id,colour\na,b\n", "no column colour; there are station_id, name"),
        ('station_id,name\na,"b\n', "is no CSV"),
    ],
)
def test_a_file_without_the_columns_is_refused_at_its_first_line(path: Path, text: str, said: str) -> None:
    path.write_text(text)

    [(line, message)] = _problems("stations", path)

    assert line == 1
    assert said in message


def test_a_file_in_another_encoding_is_refused(path: Path) -> None:
    path.write_bytes("station_id,name\na,Köln\n".encode("latin-1"))

    assert "is no CSV in UTF-8" in _problems("stations", path)[0][1]
