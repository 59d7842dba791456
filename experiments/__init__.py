"""Scripts: thin, absl; what they do lives in aejax/."""

import gc

# Imports and tracing make a few hundred thousand objects that stay. Looking through them for
# garbage again and again is a tenth of a start.
gc.set_threshold(500_000, 20, 100)
