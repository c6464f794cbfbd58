"""From records to numbers: store, selection of the best step, statistics, summaries, export and import."""
