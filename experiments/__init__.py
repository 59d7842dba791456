"""Scripts of a clone, thin: what they do lives in aejax/cli/."""
