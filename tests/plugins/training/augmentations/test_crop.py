import pytest
import torch
from pydantic import ValidationError

from gan_run import DataInfo, ImageShape
from gan_run.plugins.training.augmentations.crop import Crop

SHAPE = ImageShape(2, 4, 10)
WHOLE = torch.arange(1, 161, dtype=torch.float32).view(2, 2, 4, 10)


def test_a_rectangle_stays_at_its_place_and_the_rest_is_grey() -> None:
    seen = Crop(across=(0.2, 0.5), down=(0.5, 1)).build(SHAPE)(WHOLE)
    assert seen[0, 0].tolist() == [
        [0] * 10,
        [0] * 10,
        [0, 0, 23, 24, 25, 0, 0, 0, 0, 0],
        [0, 0, 33, 34, 35, 0, 0, 0, 0, 0],
    ]
    assert seen[1, 1].count_nonzero() == 6


def test_by_default_all_is_kept() -> None:
    assert torch.equal(Crop().build(SHAPE)(WHOLE), WHOLE)


def test_gradients_reach_what_is_kept_and_nothing_else() -> None:
    images = WHOLE.clone().requires_grad_()
    Crop(across=(0.2, 0.5), down=(0.5, 1)).build(SHAPE)(images).sum().backward()
    assert images.grad is not None
    assert images.grad.sum() == 2 * 2 * 6
    assert (images.grad[:, :, 2:, 2:5] == 1).all()


@pytest.mark.parametrize(("field", "places"), [("across", (0.5, 0.5)), ("across", (0.6, 0.2)), ("down", (0.5, 0.6))])
def test_a_rectangle_without_a_pixel_is_refused(field: str, places: tuple[float, float]) -> None:
    crop = Crop.model_validate({field: places})
    (problem,) = crop.check_data(None, DataInfo(SHAPE, {"train": 1}))  # type: ignore[arg-type]  # it reads no spec
    assert problem.place == (field,)
    assert "no pixel" in problem.message


def test_places_beyond_the_image_are_refused() -> None:
    with pytest.raises(ValidationError):
        Crop(across=(0, 1.5))
