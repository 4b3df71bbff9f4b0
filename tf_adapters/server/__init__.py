"""A small server of an export, for development and tests.

It speaks TF Serving's REST and gRPC, so that what works here works there.
"""
