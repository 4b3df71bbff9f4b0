"""What `train.py` is made of: recipes, flags, the run directory."""
