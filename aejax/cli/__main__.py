"""python -m aejax.cli NAME: as `aejax NAME`, where no script was installed."""

from aejax.cli.main import main

main()
