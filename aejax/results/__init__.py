"""What a sweep leaves in its work directory: rows, arrays and variables."""
