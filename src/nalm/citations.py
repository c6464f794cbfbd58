"""BibTeX of the papers that units, tasks and studies come from."""

from __future__ import annotations

from nalm.errors import InputError, did_you_mean

BIBTEX: dict[str, str] = {
    "trask2018": """\
@inproceedings{trask2018,
  title = {Neural Arithmetic Logic Units},
  author = {Trask, Andrew and Hill, Felix and Reed, Scott E. and Rae, Jack and Dyer, Chris and Blunsom, Phil},
  booktitle = {Advances in Neural Information Processing Systems},
  volume = {31},
  year = {2018},
  eprint = {1808.00508},
  archiveprefix = {arXiv},
}""",
    "rana2019": """\
@inproceedings{rana2019,
  title = {Exploring Numerical Calculations with {CalcNet}},
  author = {Rana, Ashish and Malhi, Avleen and Fr{\\"a}mling, Kary},
  booktitle = {IEEE International Conference on Tools with Artificial Intelligence (ICTAI)},
  year = {2019},
  url = {https://ieeexplore.ieee.org/document/8995315},
}""",
    "madsen2019": """\
@misc{madsen2019,
  title = {Measuring Arithmetic Extrapolation Performance},
  author = {Madsen, Andreas and Johansen, Alexander Rosenberg},
  year = {2019},
  eprint = {1910.01888},
  archiveprefix = {arXiv},
}""",
    "madsen2020": """\
@inproceedings{madsen2020,
  title = {Neural Arithmetic Units},
  author = {Madsen, Andreas and Johansen, Alexander Rosenberg},
  booktitle = {International Conference on Learning Representations},
  year = {2020},
  url = {https://openreview.net/forum?id=H1gNOeHKPS},
}""",
    "schloer2020": """\
@article{schloer2020,
  title = {{iNALU}: Improved Neural Arithmetic Logic Unit},
  author = {Schl{\\"o}r, Daniel and Ring, Markus and Hotho, Andreas},
  journal = {Frontiers in Artificial Intelligence},
  volume = {3},
  pages = {71},
  year = {2020},
  eprint = {2003.07629},
  archiveprefix = {arXiv},
}""",
    "heim2020": """\
@inproceedings{heim2020,
  title = {Neural Power Units},
  author = {Heim, Niklas and Pevn{\\'y}, Tom{\\'a}{\\v{s}} and {\\v{S}}m{\\'i}dl, V{\\'a}clav},
  booktitle = {Advances in Neural Information Processing Systems},
  volume = {33},
  year = {2020},
  eprint = {2006.01681},
  archiveprefix = {arXiv},
}""",
    "hoedt2021": """\
@inproceedings{hoedt2021,
  title = {{MC-LSTM}: Mass-Conserving {LSTM}},
  author = {Hoedt, Pieter-Jan and Kratzert, Frederik and Klotz, Daniel and Halmich, Christina and
            Holzleitner, Markus and Nearing, Grey S. and Hochreiter, Sepp and Klambauer, G{\\"u}nter},
  booktitle = {International Conference on Machine Learning},
  year = {2021},
  eprint = {2101.05186},
  archiveprefix = {arXiv},
}""",
    "mistry2022primer": """\
@article{mistry2022primer,
  title = {A Primer for Neural Arithmetic Logic Modules},
  author = {Mistry, Bhumika and Farrahi, Katayoun and Hare, Jonathon},
  journal = {Journal of Machine Learning Research},
  volume = {23},
  number = {185},
  pages = {1--58},
  year = {2022},
  eprint = {2101.09530},
  archiveprefix = {arXiv},
}""",
    "mistry2022division": """\
@article{mistry2022division,
  title = {Exploring the Learning Mechanisms of Neural Division Modules},
  author = {Mistry, Bhumika and Farrahi, Katayoun and Hare, Jonathon},
  journal = {Transactions on Machine Learning Research},
  year = {2022},
  eprint = {2110.05177},
  archiveprefix = {arXiv},
}""",
    "mistry2022snmu": """\
@misc{mistry2022snmu,
  title = {Improving the Robustness of Neural Multiplication Units with Reversible Stochasticity},
  author = {Mistry, Bhumika and Farrahi, Katayoun and Hare, Jonathon},
  year = {2022},
  eprint = {2211.05624},
  archiveprefix = {arXiv},
}""",
    "curry2025": """\
@misc{curry2025,
  title = {The Domain Mixed Unit: A New Neural Arithmetic Layer},
  author = {Curry, Paul},
  year = {2025},
  eprint = {2509.08180},
  archiveprefix = {arXiv},
}""",
    "faber2023": """\
@inproceedings{faber2023,
  title = {Neural Status Registers},
  author = {Faber, Lukas and Wattenhofer, Roger},
  booktitle = {International Conference on Machine Learning},
  year = {2023},
  eprint = {2004.07085},
  archiveprefix = {arXiv},
}""",
    "passo2022": """\
@misc{passo2022,
  title = {{arXiv}:2208.06496},
  author = {Passo and others},
  year = {2022},
  note = {Engineering Applications of Artificial Intelligence 139, 2024},
  eprint = {2208.06496},
  archiveprefix = {arXiv},
}""",
}
"""BibTeX entries by citation key."""


def cite(name: str) -> str:
    """Return the BibTeX entry of a unit, a study (`snmu-2022/figure-2`) or a folder of studies, or a citation key.

    Raises:
        InputError: nothing of this name is known, or it has no paper.
    """
    from nalm.studies import papers
    from nalm.units import names, resolve

    if name in BIBTEX:
        return BIBTEX[name]
    own = papers()
    studies = {study.rpartition("/")[0]: paper for study, paper in own.items()} | own
    try:
        key = studies[name] if name in studies else resolve(name).paper
    except InputError:
        nearest = did_you_mean(name.lower(), (*names(), *studies, *BIBTEX))
        raise InputError(f"cannot cite {name!r}: no such unit, study or paper{nearest}") from None
    if not key:
        what = "this study names no paper" if name in studies else "a plain dense layer has no paper of its own"
        raise InputError(f"cannot cite {name!r}: {what}")
    return BIBTEX[key]
