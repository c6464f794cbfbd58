"""One update as pure functions of tensors: losses, penalties, optimisers, schedules, noise."""
