"""Views of a run as pictures of a page; their numbers are kept for the page's data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from specnet.insight.registry import VIEWS
from specnet.insight.request import make_request
from specnet.insight.show import compute_view
from specnet.insight.view import View
from specnet.page.markup import Html
from specnet.page.shell import make_paragraph
from specnet.run_report.figures import make_figure
from specnet.run_report.subject import Subject
from specnet.training import TrainingError


class Gallery:
    """Computes views of a run, and draws them for both themes. `records` are their values."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.records: list[dict[str, Any]] = []

    def show(self, name: str, is_wide: bool = False, **values: Any) -> Html:
        """Return the picture of a view, or a sentence where it cannot be made."""
        try:
            return self.draw(self.compute(name, **values), is_wide)
        except TrainingError as error:
            return make_paragraph(end_sentence(str(error.args[0])))

    def compute(self, name: str, **values: Any) -> View:
        """Return a view, which looks at the same data as all others; raises TrainingError."""
        subject = self.subject
        given = {"seed": subject.seed, **values} if "seed" in VIEWS[name].options else values
        request = make_request(name, given, None, subject.note)
        request = replace(request, parts=subject.parts, most=subject.most)
        return compute_view(subject.run, name, request, subject.device)

    def draw(self, view: View, is_wide: bool = False) -> Html:
        """Return a view's picture, for both themes."""
        self.records.append(view.record())
        return make_figure(view.title, view.caption, view.render(theme="light"), view.render(theme="dark"), is_wide)


def end_sentence(message: str) -> str:
    """Return the message of an error as a sentence."""
    return f"{message[:1].upper()}{message[1:].rstrip('.')}."
