"""What is seen, one widget a file, named for what it shows. No parsing and no input or output here."""
