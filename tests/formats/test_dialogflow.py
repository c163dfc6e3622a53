import json
import zipfile
from pathlib import Path

import pytest
from format_cases import read_all

from turnwise.errors import FormatError
from turnwise.formats import read


def phrase(*texts: str, template: bool = False) -> dict[str, object]:
    parts = [{"text": text, "userDefined": False} for text in texts]
    return {"id": "1", "data": parts, "isTemplate": template, "count": 0}


def agent(folder: Path, *phrases: object, locale: str = "en") -> Path:
    intents = folder / "agent" / "intents"
    intents.mkdir(parents=True)
    (folder / "agent" / "agent.json").write_text("{}")
    (intents / "Book a flight.json").write_text(json.dumps({"name": "flight.book"}))
    said = intents / f"Book a flight_usersays_{locale}.json"
    said.write_text(json.dumps(list(phrases), indent=2))
    return folder / "agent"


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in sorted(folder.rglob("*.json")):
            archive.write(one, one.relative_to(folder))
    return path


@pytest.mark.parametrize("pack", [lambda folder: folder, zipped])
def test_phrases_are_read_from_a_folder_and_from_a_zip(tmp_path, pack):
    folder = agent(tmp_path, phrase("to ", "berlin"), phrase("@city", template=True), phrase("go"))
    good, errors = read_all(pack(folder))
    assert not errors
    assert [one.turns[0].text for one in good] == ["to berlin", "go"]
    assert good[0].turns[0].gold == {"intent": ("flight.book",)}
    assert good[0].locale == "en"


def test_the_locale_is_that_of_the_file_and_the_name_that_of_the_file_where_none_is_said(tmp_path):
    folder = agent(tmp_path, phrase("nach Berlin"), locale="pt-br")
    (folder / "intents" / "Book a flight.json").write_text("{broken")
    ((found,), _) = read_all(folder)
    assert found.locale == "pt-br"
    assert found.turns[0].gold == {"intent": ("Book a flight",)}


def test_a_damaged_phrase_or_file_costs_no_other(tmp_path):
    folder = agent(
        tmp_path, phrase("one"), {"data": "x"}, {"data": [{}]}, phrase(" "), phrase("two")
    )
    (folder / "intents" / "broken_usersays_en.json").write_text('{"no": "array"}')
    good, errors = read_all(folder)
    assert [one.turns[0].text for one in good] == ["one", "two"]
    assert len(errors) == 4
    assert "Book a flight_usersays_en.json, line 13, field data" in str(errors[0].error)
    assert "broken_usersays_en.json, line 1: this is no JSON array" in str(errors[3].error)


def test_a_file_of_a_zip_that_is_damaged_costs_no_other(tmp_path):
    folder = agent(tmp_path, *(phrase(f"go {at}") for at in range(200)))
    (folder / "intents" / "x_usersays_en.json").write_text(json.dumps([phrase("fine")]))
    path = zipped(folder)
    data = bytearray(path.read_bytes())
    at = data.index(b"usersays_en.json") + 200
    data[at : at + 40] = b"\xff" * 40
    path.write_bytes(bytes(data))
    good, errors = read_all(path)
    assert good[-1].turns[0].text == "fine"
    assert "is damaged here" in str(errors[-1].error)


@pytest.mark.parametrize("data", [b"PK\x03\x04nothing more", b"PK\x03\x04" + b"\0" * 100])
def test_a_zip_without_an_agent_is_refused(tmp_path, data):
    path = tmp_path / "sheet.xlsx"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=r"a zip archive \(an Excel workbook is one too\)"):
        read(path)
