"""Where code of the user's may depend on the hashes of texts, which Python draws anew for every process.

Sets are iterated in the order of these hashes, so that a constructor which goes through a set of names draws its
parameters in another order in another process.
"""

from __future__ import annotations

import dis
import types
from typing import Any

from nalm._lines import at
from nalm.units._catalogue.identity import UnidentifiableError, visited_code

_NAMES = {"set", "frozenset", "hash"}
_MAKES_SET = {"BUILD_SET", "SET_ADD", "SET_UPDATE"}


def line_of_hashes(value: Any) -> str | None:
    """Return `" at file:line: source"` of the first line of the user's code that handles sets or hashes, or None.

    Asking whether something is in a set that is written there does not count.

    Args:
        value: a class, with all that it names.
    """
    try:
        codes = visited_code(value)
    except UnidentifiableError:
        return None
    for code in codes:
        number = _line(code)
        if number is not None:
            return at(code.co_filename, number)
    return None


def _line(code: types.CodeType) -> int | None:
    instructions = list(dis.get_instructions(code))
    for position, instruction in enumerate(instructions):
        following = instructions[position + 1].opname if position + 1 < len(instructions) else ""
        if (
            instruction.opname in _MAKES_SET
            or (instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME") and instruction.argval in _NAMES)
            or (isinstance(instruction.argval, frozenset) and following != "CONTAINS_OP")
        ):
            positions = instruction.positions
            return positions.lineno if positions and positions.lineno else code.co_firstlineno
    return None
