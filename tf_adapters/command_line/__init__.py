"""The commands beside `train.py`: params, predict, evaluate, export."""
