"""The order of labels on axes and in legends: that of the published figures (R with ICU collation)."""

from __future__ import annotations

_PUNCTUATION = " _-,;:!?./|'\"()[]{}@*\\&#%`^+<=>~$"


def collation_key(text: str) -> tuple[tuple[tuple[int, str], ...], str]:
    """Return a sort key: punctuation before digits before letters, case only between otherwise equal
    texts."""
    primary = []
    for character in text.casefold():
        place = _PUNCTUATION.find(character)
        letter = len(_PUNCTUATION) + character.isalpha()
        primary.append((place, "") if place >= 0 else (letter, character))
    return tuple(primary), text.swapcase()
