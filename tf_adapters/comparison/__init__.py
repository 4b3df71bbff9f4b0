"""Finished runs beside one another: what they score, train, store and take."""
