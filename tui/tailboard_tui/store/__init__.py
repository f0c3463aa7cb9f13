"""What is known of the runs: catalogue, points, watching, status, queries, comparing. No Textual."""
