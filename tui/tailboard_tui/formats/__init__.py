"""One reader per on-disk format, and one model out of all of them. No Textual."""
