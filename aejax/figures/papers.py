"""The figures of papers, by name, and drawing them beside a paper's results.

A paper's own figure is a file of this package with `draw(rows, arrays) -> Plot | None`, like every
figure; its rows are all rows of the reproduction, measured ones included. The figures of FIGURES
see the rows of the sweep alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from aejax.errors import lookup
from aejax.figures import FIGURES, late
from aejax.figures.output import Arrayed, FigureFunction, save_pdf, save_png
from aejax.io import becoming
from aejax.results.rows import Row

LARGE = 200_000  # bytes; pictures in a repository are small

PAPER_FIGURES: dict[str, FigureFunction] = {
    "anomaly_auroc": late("anomaly_auroc"),
    "anomaly_scores": late("anomaly_scores"),
    "audio_gain": late("audio_gain"),
    "audio_spectrograms": late("audio_spectrograms"),
    "compression_curves": late("compression_curves"),
    "compression_numbers": late("compression_numbers"),
    "compression_sheet": late("compression_sheet"),
    "denoising_levels": late("denoising_levels"),
    "denoising_sheet": late("denoising_sheet"),
    "features_labels": late("features_labels"),
    "generation_scores": late("generation_scores"),
    "generation_sheet": late("generation_sheet"),
    "hinton_codes": late("hinton_codes"),
    "imputation_errors": late("imputation_errors"),
    "imputation_sheet": late("imputation_sheet"),
    "inpainting_psnr": late("inpainting_psnr"),
    "inpainting_sheet": late("inpainting_sheet"),
    "k_sparse_filters": late("k_sparse_filters"),
    "kingma_bound": late("kingma_bound"),
    "kingma_manifold": late("kingma_manifold"),
    "kingma_samples": late("kingma_samples"),
    "kunin_landscape": late("kunin_landscape"),
    "masci_filters": late("masci_filters"),
    "molecules_scores": late("molecules_scores"),
    "molecules_sheet": late("molecules_sheet"),
    "principal_directions": late("principal_directions"),
    "recommendation": late("recommendation"),
    "reduction_maps": late("reduction_maps"),
    "retrieval_curves": late("retrieval_curves"),
    "retrieval_sheet": late("retrieval_sheet"),
    "rifai_contraction": late("rifai_contraction"),
    "rifai_table": late("rifai_table"),
    "search_scores": late("search_scores"),
    "sequences_films": late("sequences_films"),
    "sequences_horizon": late("sequences_horizon"),
    "sparsity_frontier": late("sparsity_frontier"),
    "topics_map": late("topics_map"),
    "topics_scores": late("topics_scores"),
    "topics_words": late("topics_words"),
    "vincent_errors": late("vincent_errors"),
    "vincent_filters": late("vincent_filters"),
}


def draw_paper(
    names: Sequence[str], rows: Sequence[Row], arrays: Arrayed, folder: Path, scale: str
) -> list[Path]:
    """Draws a paper's figures with something to show: `folder/NAME-SCALE.png` and `.pdf`.

    Raises:
      ConfigError: a name that is in neither table.
    """
    swept = [row for row in rows if "point" not in row]
    written = []
    for name in names:
        figure = lookup("figure", name, {**FIGURES, **PAPER_FIGURES})
        plot = figure(list(rows) if name in PAPER_FIGURES else swept, arrays)
        if plot is None:
            continue
        for suffix, write in {"png": partial(save_png, large=LARGE), "pdf": save_pdf}.items():
            path = folder / f"{name}-{scale}.{suffix}"
            with becoming(path) as part:
                write(plot, part)
            written.append(path)
    return written
