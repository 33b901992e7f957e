"""What a network looks at in some images, and what its layers have learned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from torch import fx

from specnet.insight.layers import has_maps, list_kernels, list_layers, measure_outputs
from specnet.insight.registry import VIEWS
from specnet.insight.show import explain_unsuitable
from specnet.page.markup import Html
from specnet.page.shell import make_paragraph
from specnet.run_report.gallery import Gallery
from specnet.run_report.mistakes import Rows
from specnet.run_report.overview import explain_absence
from specnet.run_report.subject import Subject
from specnet.training import LoadedRun

RIGHT, WRONG = 2, 1
"""The images that are explained: so many that the network gets right, and so many that it gets wrong."""

OF_ALL_LAYERS = ("dead", "embedding")
"""Views that need neither an image nor a layer."""


def choose_images(subject: Subject, wrong: Rows, random: Rows) -> list[str]:
    """Return the names of the images to explain: right ones of different classes, and then wrong ones.

    Of data without an unseen part, they are trained ones.
    """
    if subject.parts is None:
        return []
    right = dict[str, str]()
    for row in random:
        if row["correct"]:
            right.setdefault(row["true"], row["image"])
    chosen = [*list(right.values())[:RIGHT], *(row["image"] for row in wrong[:WRONG])]
    return chosen or [f"train:{number}" for number in range(min(RIGHT, len(subject.parts["train"])))]


def choose_unexplained(subject: Subject) -> list[str]:
    """Return the name of the image whose features are shown, of a task that does not tell classes apart."""
    return [f"{subject.unseen or 'train'}:0"] if subject.parts is not None else []


def explain_images(subject: Subject, gallery: Gallery, images: Sequence[str], wrong: Rows) -> Iterator[Html]:
    """Yield what the network looks at in each image: occlusion, gradient and Grad-CAM."""
    yield make_paragraph(_describe_images(subject, images, wrong))
    for image in images:
        yield gallery.show("occlusion", image=image)
        yield gallery.show("saliency", image=image)


def _describe_images(subject: Subject, images: Sequence[str], wrong: Rows) -> str:
    """Return which of the images the network gets right, and what it takes the others for."""
    if not images:
        return explain_absence(subject)
    if not subject.unseen:
        return "The network was trained on these images, as the data have no others."
    mistakes = {row["image"]: f"{row['true']} for {row['top'][0]['class']}" for row in wrong}
    right = [image for image in images if image not in mistakes]
    facts = [f"The network is right about {' and '.join(right)}."] if right else []
    facts += [f"In {image}, it takes {mistakes[image]}." for image in images if image in mistakes]
    return " ".join(facts)


def show_learned(gallery: Gallery, images: Sequence[str]) -> Iterator[Html]:
    """Yield filters, what excites an early and a late layer, features of the first image, and more where there is."""
    run = gallery.subject.run
    convolutions = list(list_kernels(run))
    if convolutions:
        yield gallery.show("filters", layer=convolutions[0])
    if explain_unsuitable(run, "maximise"):
        return
    if convolutions:
        yield from (gallery.show("maximise", layer=layer) for layer in _choose(run, convolutions, (0, -1)))
    for image in images[:1]:
        shapes, middle = measure_outputs(run), len(convolutions) // 2
        for layer in _choose(run, convolutions, (0, middle)):
            if has_maps(shapes[layer]):
                yield gallery.show("features", image=image, layer=layer)
    if gallery.subject.unseen:
        suitable = [view for view in OF_ALL_LAYERS if view in VIEWS and not explain_unsuitable(run, view)]
        yield from (show_whole(gallery, view) for view in suitable)


def show_whole(gallery: Gallery, view: str) -> Html:
    """Return a view of the whole network, computed on as many images as can be looked through in seconds."""
    most, count = gallery.subject.most, VIEWS[view].options.get("count")
    return gallery.show(view) if count or most is None else gallery.show(view, count=most)


def _choose(run: LoadedRun, convolutions: Sequence[str], places: Iterable[int]) -> list[str]:
    """Return where the convolutions at these places end, each once."""
    return list(dict.fromkeys(find_end(run, convolutions[place]) for place in places if convolutions))


def find_end(run: LoadedRun, convolution: str) -> str:
    """Return the last of the layers that directly follow a convolution and keep its shape, as bn and relu do."""
    layers, shapes, kernels = list_layers(run), measure_outputs(run), list_kernels(run)
    names: dict[fx.Node, str] = {value: name for name, value in layers.items()}
    end = convolution
    while True:
        users = [names[user] for user in layers[end].users if user in names]
        if len(users) != 1 or users[0] in kernels or shapes[users[0]] != shapes[end]:
            return end
        (end,) = users
