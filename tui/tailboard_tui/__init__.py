"""The commands and the explorer of tailboard: everything that reads runs and shows them."""
