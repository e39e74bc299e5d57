"""Small figures as SVG that can be read in light and dark, by eye and by screen reader."""

import functools
import io
import re

# Middle tones that stand out from white and from black; markers and dashes tell them apart without colour.
STYLES = {
    "logme": {"color": "#2f7fd1", "marker": "o", "linestyle": "-"},
    "leep": {"color": "#d9822b", "marker": "s", "linestyle": "--"},
    "nce": {"color": "#2e9e6b", "marker": "^", "linestyle": "-."},
    "hscore": {"color": "#b0559f", "marker": "v", "linestyle": ":"},
    "static": {"color": "#8a8a8a", "marker": "D", "linestyle": ":"},
}
NAMES = {"logme": "LogME", "leep": "LEEP", "nce": "NCE", "hscore": "H-score", "static": "static ranker"}

# Stands for the colour of text until the picture is written: then it follows the reader's theme.
INK = "#010203"
THEME = "<style>svg{color:#1f2328}@media(prefers-color-scheme:dark){svg{color:#e6e6e6}}</style>"

SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "culogme",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "lines.markersize": 5,
}


@functools.cache
def pyplot():
    """matplotlib, loaded with the first figure: the texts of the page can be made and tested without it."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update(SETTINGS)
    import matplotlib.pyplot

    return matplotlib.pyplot


def subplots(columns, width, height, rows=1, **options):
    return pyplot().subplots(rows, columns, figsize=(width, height), layout="constrained", **options)


def svg(figure, name, title, description):
    """The figure as a whole SVG file in a string; `name` keeps its ids apart from other figures on one page."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    pyplot().close(figure)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r'(\bid="|url\(#|href="#)', lambda match: match.group(1) + name + "-", text)
    text = re.sub(re.escape(INK), "currentColor", text)
    # The generic family alone: the reader's own font, not the one that was measured here.
    text = re.sub(r"(font: [^;\"']*?px|font-family:) *[^;\"]*?sans-serif", r"\1 sans-serif", text)
    opening, rest = text.split(">", 1)
    opening = re.sub(r' (?:width|height)="[^"]*"', "", opening)
    labels = f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'
    return (f'{opening} role="img" aria-labelledby="{name}-title {name}-desc">{labels}{THEME}{rest}').strip() + "\n"


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
