"""One small file per training framework; each imports its framework, none is imported by tailboard."""
