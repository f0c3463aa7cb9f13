"""Text for the screen: made harmless (`safe`, `ansi`) and made short (`units`)."""
