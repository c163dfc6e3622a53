"""The table that a person edits, and reading it back."""

import csv
import io

import pytest
from found_samples import found
from hypothesis import given
from hypothesis import strategies as st

from turnwise.discovery.decisions import read_table
from turnwise.discovery.proposal import propose_labels
from turnwise.discovery.table import Row, table_text
from turnwise.errors import TaxonomyError
from turnwise.taxonomy import Label

LABELS = propose_labels(found())


def written(labels=LABELS) -> str:
    return table_text([Row(one, 10, 0.25, True, "REFUND") for one in labels])


def edited(tmp_path, *changes, text=None):
    """The table as a file with some texts replaced by others."""
    path = tmp_path / "table.csv"
    text = written() if text is None else text
    for old, new in changes:
        assert old in text, f"{old!r} is not in the table:\n{text}"
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.lstrip("\ufeff"), newline="")))


def keep_of(name: str, keep: str, merge_into: str = "") -> tuple[str, str]:
    about = f"The customer wants: {name.replace('-', ' ').capitalize()}."
    return f"{about},yes,", f"{about},{keep},{merge_into}"


def test_a_table_that_nobody_edited_gives_the_same_labels(tmp_path):
    plain = [
        Label(one.name, one.path, one.description, one.examples, titles=one.titles)
        for one in LABELS
    ]
    assert list(read_table(edited(tmp_path)).labels) == plain


def test_names_groups_titles_and_descriptions_may_be_rewritten(tmp_path):
    path = edited(
        tmp_path,
        (
            "cancel-order,Cancel order,en,orders,The",
            "stop-order,Stop it,de,Orders > Changes,Now the",
        ),
    )
    label = read_table(path).labels[0]
    assert label.name == "stop-order"
    assert label.path == ("Orders", "Changes", "stop-order")
    assert label.titles == {"de": "Stop it"}
    assert label.description.startswith("Now the")


def test_rows_are_dropped_and_merged_with_their_examples(tmp_path):
    path = edited(
        tmp_path, keep_of("ask-refund", "Yes", "cancel-order"), keep_of("track-parcel", "no")
    )
    decided = read_table(path)
    assert [one.name for one in decided.labels] == ["cancel-order"]
    assert decided.labels[0].examples[3:] == (
        "where is my refund",
        "i want my money back",
        "=refund now",
    )


def test_a_row_may_be_merged_into_a_label_that_there_is(tmp_path):
    path = edited(tmp_path, keep_of("ask-refund", "yes", "REFUND"))
    decided = read_table(path, ["REFUND"])
    assert list(decided.into) == ["REFUND"]
    assert decided.into["REFUND"][0] == "where is my refund"
    assert len(decided.labels) == 2


def test_what_a_spreadsheet_takes_for_a_formula_is_guarded(tmp_path):
    dangerous = ["=cmd()", "+1", "-1", "@sum", "\tx", "'=already", "'tis fine", "plain"]
    rows = [Label("x", ("x",), description=one) for one in dangerous]
    for row in cells(written(rows))[1:]:
        assert row[4][:1] not in set("=+-@\t\r")
    assert cells(written(rows))[7][4] == "'tis fine"


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8-sig", ","), ("utf-8", ","), ("utf-8-sig", ";"), ("utf-16", "\t")],
)
def test_what_spreadsheets_save_is_read(tmp_path, encoding, delimiter):
    label = Label("kündigen", ("verträge", "kündigen"), 'Will; "raus", 取消', ("weg\t damit",))
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(cells(written([label])))
    path = tmp_path / "table.csv"
    path.write_bytes(out.getvalue().encode(encoding))
    assert read_table(path).labels[0].path == label.path
    assert read_table(path).labels[0].description == label.description


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([("ask-refund,", "cancel-order,")], r"line 5: the name 'cancel-order' stands on line 2"),
        ([("ask-refund,", ",")], "line 5: the name is empty"),
        ([("ask-refund,", "a > b,")], "line 5: the name 'a > b' holds '>'"),
        ([keep_of("ask-refund", "maybe")], "line 5: keep is neither yes nor no"),
        ([keep_of("ask-refund", "yes", "nobody")], "line 5: merge_into names no row.*'nobody'"),
        ([keep_of("ask-refund", "yes", "ask-refund")], "line 5: the row is merged into itself"),
        ([("ask-refund,", "orders,")], "line 5: 'orders' is the name of a group too"),
        ([("ask-refund,", "OTHER,")], "line 5: the taxonomy has a label 'OTHER' already"),
        ([("name,title", "nom,title")], "line 1: the column name is missing"),
        (
            [keep_of("ask-refund", "yes", "cancel-order"), keep_of("cancel-order", "no")],
            "line 5: 'cancel-order', which it is merged into, is dropped on line 2",
        ),
        (
            [
                keep_of("ask-refund", "yes", "cancel-order"),
                keep_of("cancel-order", "yes", "ask-refund"),
            ],
            "line 2: merge_into goes round in a circle",
        ),
        (
            [keep_of("ask-refund", "no", "cancel-order")],
            "line 5: the row is dropped and merged into 'cancel-order'",
        ),
        (
            [keep_of(one, "no") for one in ("ask-refund", "cancel-order", "track-parcel")],
            "no row is kept",
        ),
    ],
)
def test_every_fault_is_told_with_its_line(tmp_path, changes, said):
    with pytest.raises(TaxonomyError, match=said):
        read_table(edited(tmp_path, *changes), ["OTHER"])


def test_all_faults_are_told_at_once(tmp_path):
    path = edited(tmp_path, ("ask-refund,", ","), keep_of("track-parcel", "?"))
    with pytest.raises(TaxonomyError, match=r"2 faults\n  line 5: .*\n  line 8: "):
        read_table(path)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"name;keep\nk\xfcndigen;yes\n", "line 2: is not UTF-8. Save it as 'CSV UTF-8'"),
        (b"", "line 1: the column name is missing"),
        (b'name,keep\n"' + b"x" * 200_000, "line 2: is no table"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(tmp_path, data, said):
    path = tmp_path / "table.csv"
    path.write_bytes(data)
    with pytest.raises(TaxonomyError, match=said):
        read_table(path)
    with pytest.raises(TaxonomyError, match="can't be read"):
        read_table(tmp_path / "nothing.csv")


LINE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=30).map(
    lambda text: " ".join(text.split())
)


@given(
    st.lists(
        st.tuples(LINE, LINE, st.lists(LINE.filter(bool), max_size=3, unique=True)), max_size=5
    )
)
def test_whatever_stands_in_a_table_comes_back(tmp_path_factory, texts):
    labels = [Label("first", ("first",))] + [
        Label(f"n{at}", (f"n{at}",), about, tuple(said), titles={"en": title} if title else {})
        for at, (about, title, said) in enumerate(texts)
    ]
    path = tmp_path_factory.mktemp("any") / "table.csv"
    path.write_bytes(written(labels).encode())
    assert list(read_table(path).labels) == labels
