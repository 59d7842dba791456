"""The gallery of the documentation: every model trained, and the picture of what it is for.

`training` trains by the table of a config file (`configs/gallery.py`) and keeps what it trained;
`pictures` says by kind and by name what is shown of a trained model, as arrays (`panels`);
`aejax.figures.gallery` draws them; `page` writes the page that holds them.
"""
