"""Adapters of two dense layers with a bottleneck between them."""
