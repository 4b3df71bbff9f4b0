"""Pictures by matplotlib, each a function from numbers to a figure."""
