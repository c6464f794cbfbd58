"""What is seen of a figure."""

from __future__ import annotations

from matplotlib.figure import Figure


def shown_outside(figure: Figure) -> list[str]:
    """Texts that are not on the page as a whole."""
    figure.draw_without_rendering()
    legend = [text for one in figure.legends for text in one.get_texts()]
    texts = [*legend, *(text for axes in figure.axes for text in (*axes.texts, axes.xaxis.label, axes.yaxis.label))]
    page = figure.bbox
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text()]
    assert boxes
    return [
        text
        for text, box in boxes
        if not (page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1)
    ]
