"""The code of a user's own classes as part of a study."""

from __future__ import annotations

from nalm.errors import InputError, StudyError
from nalm.studies._schema import Study


def pin(study: Study) -> Study:
    """Return `study` with the present code of the classes that it names by `package.module:Class`, as checksums.

    They are part of the identity of its runs, so that results of a class are not taken for those of an edited one.

    Raises:
        StudyError: there is no such module or class; all problems at once.
    """
    sources: dict[str, str] = {}
    wrong: list[str] = []
    for network in study.networks:
        for target in {layer.unit: None for layer in network.stack if ":" in layer.unit}:
            # only here: it loads PyTorch
            from nalm.units import source_hash

            try:
                found = source_hash(target)
            except InputError as error:
                wrong.append(f"{study.name}: network {network.shown_as!r}: {error}")
            else:
                sources |= {} if found is None else {target: found}
    if wrong:
        raise StudyError(dict.fromkeys(wrong))
    return study.model_copy(update={"sources": sources})
