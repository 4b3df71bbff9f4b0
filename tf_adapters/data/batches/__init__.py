"""From text to ids, and from rows to batches."""
