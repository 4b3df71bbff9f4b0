"""The functions of a SavedModel: what is computed for a request."""
