"""Measure how good a network is, where its run has not recorded that."""

from __future__ import annotations

from specnet.insight.images import take_evenly
from specnet.insight.results import RecordedResults, measure
from specnet.run_report.subject import Subject


def measure_subject(subject: Subject) -> RecordedResults | None:
    """Measure the network now, on some images where all would take long; None where there are none unseen."""
    if subject.unseen is None or subject.parts is None:
        return None
    images, most = subject.parts[subject.unseen], subject.most
    chosen = images if most is None else take_evenly(images, most)
    sampled = len(images) if len(chosen) < len(images) else None
    return RecordedResults(part=subject.unseen, sampled_from=sampled, **measure(subject.run, chosen).to_record())
