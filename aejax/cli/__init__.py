"""The command line: `aejax NAME`, and `python -m experiments.NAME` in a clone; one file a command.

A command's file has `main(argv)`, which absl calls once the flags are read, and `define()`, which
defines them: importing a file defines nothing and configures nothing.
"""
