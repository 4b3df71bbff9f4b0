"""Recipes: papers as this project runs them, one file each."""
