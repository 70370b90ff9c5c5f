"""The registry as a building model of others, Brick or Haystack, and back.

    Registry ──said──▶ rows ──▶ brick_writing, haystack_writing ──▶ FILE.ttl, FILE.json
    FILE ──▶ brick_reading, haystack_reading ──▶ found ──model_rows──▶ rows ──standing──▶ Sheets

Both are faces of the same tables: a model that is read becomes rows of them, which the import
takes as it takes those of any file.
"""

from greenoffice.building_models.found import PassedOver
from greenoffice.building_models.model_rows import ModelWishes
from greenoffice.building_models.models import (
    BRICK,
    HAYSTACK,
    ModelRead,
    is_model,
    model_bytes,
    model_text,
    read_model,
)
from greenoffice.building_models.said import LeftOut, left_out

__all__ = [
    "BRICK",
    "HAYSTACK",
    "LeftOut",
    "ModelRead",
    "ModelWishes",
    "PassedOver",
    "is_model",
    "left_out",
    "model_bytes",
    "model_text",
    "read_model",
]
