"""One of everything that people are shown, from the worked examples: for the eye.

``test_samples`` refuses a kind of facts, a phase, an ending or a renderer that has none here.
"""

from tests.gallery import answers, cards, quorums
from tests.gallery.sample import Sample

PARTS = (
    cards.cards,
    cards.gates,
    quorums.quorums,
    cards.alerts,
    cards.lines,
    answers.standing,
    answers.listings,
    answers.asked,
    answers.troubles,
    answers.the_past,
    answers.private,
    answers.dialogs,
    answers.homes,  # a Home tab covers the room: it comes last
)


def all_of_them() -> tuple[Sample, ...]:
    return tuple(one for part in PARTS for one in part())
