"""The old place of `nalm.tasks.images`."""

from nalm.tasks.images import DATASETS as DATASETS
from nalm.tasks.images import DigitImages as DigitImages
from nalm.tasks.images import load_images as load_images
