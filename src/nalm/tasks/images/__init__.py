"""Images of handwritten digits, decoded and kept in memory."""

from nalm.tasks.images._base import DATASETS, DigitImages, load_images

__all__ = ["DATASETS", "DigitImages", "load_images"]
