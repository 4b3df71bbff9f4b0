"""One BERT that all tasks train, and what each adds to it."""
