"""Results for readers and other programs: tables, CSV, Parquet, LaTeX, TensorBoard."""
