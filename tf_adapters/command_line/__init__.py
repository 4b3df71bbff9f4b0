"""The commands beside `train.py`, from params to launch."""
