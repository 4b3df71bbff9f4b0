"""Parameterized hypercomplex multiplication: sums of Kronecker products."""
