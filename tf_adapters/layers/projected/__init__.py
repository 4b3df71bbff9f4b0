"""PALs: layers of a task in a narrow space."""
