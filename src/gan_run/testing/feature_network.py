"""The tests that every feature network passes."""

import re
from dataclasses import asdict
from typing import ClassVar

import torch
from torch import Tensor

from gan_run.core.base.image import ImageShape
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.feature_network import FeatureExtractor, FeatureNetwork
from gan_run.testing.component import ComponentSuite
from gan_run.testing.game import Noise

CPU = torch.device("cpu")


class FeatureNetworkSuite(ComponentSuite):
    """Set `component` to a feature network, and `image` to a shape of images that it takes. The data is noise of three
    classes."""

    component: FeatureNetwork
    image: ClassVar[ImageShape] = ImageShape(1, 12, 12)
    """Shape of the images."""

    def data(self) -> Splits:
        """The dataset."""
        channels, height, width = self.image
        return Splits(Noise(image=(channels, height, width)))

    def images(self) -> Tensor:
        """Three images."""
        return self.data()["test"].batch(torch.arange(3)).images

    def extractor(self) -> FeatureExtractor:
        """The built network."""
        return self.component.build(self.data(), CPU)

    def test_it_gives_a_vector_for_each_image(self) -> None:
        for n in (1, 3):
            vector = self.extractor()(self.images()[:n]).vector
            assert vector.dim() == 2
            assert len(vector) == n
            assert vector.isfinite().all()

    def test_different_images_have_different_features(self) -> None:
        vector = self.extractor()(self.images()).vector
        assert not torch.equal(vector[0], vector[1])

    def test_the_features_of_an_image_do_not_depend_on_the_others(self) -> None:
        extractor, images = self.extractor(), self.images()
        alone = torch.cat([extractor(image.unsqueeze(0)).vector for image in images])
        torch.testing.assert_close(extractor(images).vector, alone, rtol=1e-3, atol=1e-4)

    def test_it_declares_whether_it_has_logits(self) -> None:
        logits = self.extractor()(self.images()).logits
        assert (logits is not None) is self.component.has_logits(), "has_logits says otherwise"
        assert logits is None or (logits.dim() == 2 and len(logits) == 3)

    def test_it_is_frozen(self) -> None:
        extractor = self.extractor()
        assert not any(parameter.requires_grad for parameter in extractor.parameters())
        assert not any(module.training for module in extractor.modules())
        before = {name: value.clone() for name, value in extractor.state_dict().items()}
        extractor(self.images())
        assert all(torch.equal(before[name], value) for name, value in extractor.state_dict().items())

    def test_it_is_the_same_whenever_it_is_built(self) -> None:
        torch.manual_seed(1)
        state = torch.get_rng_state()
        first = self.component.build(self.data(), CPU)
        assert torch.equal(torch.get_rng_state(), state), "it draws from torch's global stream"
        torch.manual_seed(2)
        second = self.component.build(self.data(), CPU)
        assert first.identity == second.identity
        assert torch.equal(first(self.images()).vector, second(self.images()).vector)

    def test_its_identity_is_complete(self) -> None:
        identity = self.extractor().identity
        assert all(asdict(identity).values()), "a field of the identity is empty"
        assert re.fullmatch("[0-9a-f]{64}", identity.weights), "`weights` is a SHA-256 in hexadecimal"
