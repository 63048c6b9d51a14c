"""The files of a published model: a run folder without training state, with a model card.

README.md                        the model card; see card.py
spec.json data.json labels.json environment.json
checkpoints/step-00005000/model.safetensors + manifest.json
evaluation.json                  what was measured of this checkpoint
metrics.jsonl alarms.jsonl       up to its step
pictures/samples.png …           drawn by this checkpoint

All are JSON, safetensors, PNG or the card. A file of another name is neither pushed nor pulled.
"""

import re

NEEDED = (
    "spec.json",
    "data.json",
    "labels.json",
    "environment.json",
    "checkpoints/step-*/manifest.json",
    "checkpoints/step-*/model.safetensors",
)
"""What a model is loaded from, as patterns."""
BESIDE = ("README.md", "evaluation.json", "metrics.jsonl", "alarms.jsonl", "checkpoints/best.json", "pictures/*.png")
"""The rest."""
FILES = (*NEEDED, *BESIDE)

_EXACT = tuple(
    re.compile(re.escape(pattern).replace(r"step\-\*", r"step-\d{8,}").replace(r"\*", r"[A-Za-z0-9_\[\]-]+"))
    for pattern in FILES
)


def is_published(path: str) -> bool:
    """Whether a path in a repository is one of a published model's. None of these leads out of its folder."""
    return any(pattern.fullmatch(path) for pattern in _EXACT)
