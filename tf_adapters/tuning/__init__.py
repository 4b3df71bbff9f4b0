"""Searching for the settings of a recipe, with Optuna."""
