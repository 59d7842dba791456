"""Scripts: thin, absl; what they do lives in aejax/."""
