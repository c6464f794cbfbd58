"""The table of units in the documentation is that of the code."""

import importlib.util
from pathlib import Path

from nalm.units import UNITS

DOCS = Path(__file__).parents[2] / "docs"
_SPEC = importlib.util.spec_from_file_location("nalm_docs_capabilities", DOCS / "capabilities.py")
capabilities = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(capabilities)


def test_table_has_a_row_for_every_unit_that_can_express_something():
    rows = [line.split("`")[1] for line in capabilities.table().splitlines()[2:]]
    assert rows == [info.name for info in UNITS if info.capabilities]


def test_page_has_a_place_for_the_table():
    assert (DOCS / "choosing.md").read_text().count(capabilities.MARK) == 1


def test_marks_tell_exactness_and_signs():
    rows = {line.split(" | ")[0].strip("| `"): line.split(" | ")[2:] for line in capabilities.table().splitlines()}
    assert rows["nmu"][:4] == ["", "", "exact", ""]
    assert rows["nalu"][2] == "near &#124;x&#124;"
    assert rows["realnpu"][5] == "exact x > 0"
    assert "relu" not in rows
