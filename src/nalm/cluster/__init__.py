"""From one machine to many: parts of a study, job arrays of SLURM and LSF, and who is at work in a results folder."""

from nalm.cluster._parts import Part, parse_part, runs_of, split

__all__ = ["Part", "parse_part", "runs_of", "split"]
