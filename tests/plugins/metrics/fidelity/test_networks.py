"""The feature networks: trained, from a file, or downloaded."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import ClassVar
from urllib.error import URLError

import pytest
import torch
from torch import Tensor, nn

from gan_run import Column, DataError, DataInfo, FeatureExtractor, FeatureNetwork, ImageSet, ImageShape, to_uint8
from gan_run.plugins.metrics.fidelity import library
from gan_run.plugins.metrics.fidelity.classifier import ClassifierNetwork
from gan_run.plugins.metrics.fidelity.inception import InceptionNetwork
from gan_run.plugins.metrics.fidelity.torchscript import TorchScriptNetwork
from gan_run.testing import FakeSplits, FeatureNetworkSuite
from gan_run.testing.game import small_spec

CPU = torch.device("cpu")


def stripes(count: int = 60, seed: int = 0, unknown: int = 0) -> FakeSplits:
    """Images of lying and of standing stripes under noise; the class of the first ones is unknown."""
    stream = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    lines = (torch.arange(12) % 4 < 2).to(torch.uint8).mul(150).expand(12, 12)
    noise = torch.randint(0, 100, (count, 1, 12, 12), dtype=torch.uint8, generator=stream)
    images = torch.stack([lines.T, lines])[labels].unsqueeze(1) + noise
    known = torch.where(torch.arange(count) < unknown, -1, labels)
    columns = {"kind": Column("categorical"), "angle": Column("angle")}
    info = DataInfo(ImageShape(1, 12, 12), {"train": count}, columns)
    return FakeSplits(info, train=ImageSet(images, {"kind": known, "angle": torch.zeros(count)}))


def problems(network: FeatureNetwork, info: DataInfo) -> list[str]:
    return [str(problem) for problem in network.check_data(small_spec(), info)]


class Trained(ClassifierNetwork):
    """A classifier that counts its trainings."""

    trainings: ClassVar[int] = 0

    def _train(self, *arguments: object) -> dict[str, Tensor]:
        Trained.trainings += 1
        return super()._train(*arguments)  # type: ignore[arg-type]  # as they were


@pytest.fixture
def classifier(tmp_path: Path) -> ClassifierNetwork:
    Trained.trainings = 0
    return Trained(column="kind", width=4, features=8, steps=25, cache=tmp_path)


def test_a_classifier_learns_the_classes(classifier: ClassifierNetwork) -> None:
    extractor, unseen = classifier.build(stripes(), CPU), stripes(40, seed=5)["train"].batch(torch.arange(40))
    found = extractor(unseen.images)
    assert found.vector.shape == (40, 8)
    assert found.logits is not None
    assert (found.logits.argmax(1) == unseen.columns["kind"]).float().mean() >= 0.95


def test_a_classifier_is_trained_once_for_equal_data_and_fields(classifier: ClassifierNetwork) -> None:
    first = classifier.build(stripes(), CPU).identity
    assert classifier.build(stripes(), CPU).identity == first
    assert Trained.trainings == 1
    assert classifier.build(stripes(seed=1), CPU).identity != first
    assert classifier.model_copy(update={"seed": 1}).build(stripes(), CPU).identity != first
    assert classifier.model_copy(update={"steps": 26}).build(stripes(), CPU).identity != first
    assert classifier.build(stripes(unknown=2), CPU).identity != first
    assert Trained.trainings == 5


def test_training_it_again_gives_the_same_weights(classifier: ClassifierNetwork, tmp_path: Path) -> None:
    first = classifier.build(stripes(), CPU)
    torch.rand(3)
    again = classifier.model_copy(update={"cache": tmp_path / "other"}).build(stripes(), CPU)
    assert Trained.trainings == 2
    assert again.identity == first.identity


def test_a_damaged_cache_of_weights_is_trained_anew(classifier: ClassifierNetwork, tmp_path: Path) -> None:
    first = classifier.build(stripes(), CPU).identity
    (file,) = tmp_path.glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:-40])
    assert classifier.build(stripes(), CPU).identity == first
    assert Trained.trainings == 2


def test_images_of_unknown_class_are_left_out(classifier: ClassifierNetwork) -> None:
    whole = stripes(unknown=10)
    train = whole["train"].select(torch.arange(10, 60))
    rest = FakeSplits(whole.info, train=train)
    assert classifier.build(whole, CPU).identity == classifier.build(rest, CPU).identity


def test_a_classifier_needs_a_column_of_classes() -> None:
    info = stripes().info
    (message,) = problems(ClassifierNetwork(), info)
    assert message.startswith("column: the data has no column 'label' of classes")
    assert "(there is: kind)" in message
    assert problems(ClassifierNetwork(column="angle"), info)
    assert not problems(ClassifierNetwork(column="kind"), info)
    with pytest.raises(DataError, match="no column 'label'"):
        ClassifierNetwork().build(stripes(), CPU)
    with pytest.raises(DataError, match="no training image has a known 'kind'"):
        ClassifierNetwork(column="kind").build(stripes(unknown=60), CPU)


class TestClassifier(FeatureNetworkSuite):
    component = ClassifierNetwork(width=2, features=5, steps=3)


class TestTorchScript(FeatureNetworkSuite):
    @pytest.fixture(autouse=True)
    def written(self, tiny: Callable[..., Path]) -> None:
        self.component = TorchScriptNetwork(path=tiny(3 * 6 * 5, classes=True), size=(6, 5), channels=3, classes=True)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # torch.jit is deprecated
def test_torchscript_gets_images_of_the_size_and_range_that_were_asked_for(tiny: Callable[..., Path]) -> None:
    path = tiny(3 * 4 * 4)
    network = TorchScriptNetwork(path=path, size=(4, 4), channels=3, range=(0, 255), resize="nearest")
    info = DataInfo(ImageShape(1, 8, 8), {})
    images = torch.linspace(-1, 1, 2 * 64).view(2, 1, 8, 8)
    seen = (images[:, :, ::2, ::2].expand(-1, 3, -1, -1) + 1) * 127.5
    plain = torch.jit.load(path)(seen)  # type: ignore[no-untyped-call]  # torch has no types here
    torch.testing.assert_close(network.build(FakeSplits(info), CPU)(images).vector, plain)


def test_the_identity_of_torchscript_has_its_file_and_what_comes_before_it(tiny: Callable[..., Path]) -> None:
    data = FakeSplits(DataInfo(ImageShape(1, 6, 6), {}))
    plain = TorchScriptNetwork(path=tiny(36))
    identity = plain.build(data, CPU).identity
    assert identity.weights == sha256(plain.path.read_bytes()).hexdigest()
    assert identity.resize == "none"
    changed = [
        {"path": tiny(36, seed=1)},
        {"size": (6, 6)},
        {"size": (6, 6), "resize": "bilinear"},
        {"range": (0.0, 1.0)},
    ]
    found = [plain.model_copy(update=update).build(data, CPU).identity for update in changed]
    assert len({identity, *found}) == 5


def test_a_torchscript_file_that_is_missing_damaged_or_another_is_found_before_training(
    tiny: Callable[..., Path], tmp_path: Path
) -> None:
    info = DataInfo(ImageShape(1, 6, 6), {})
    right = TorchScriptNetwork(path=tiny(36), sha256=sha256(tiny(36).read_bytes()).hexdigest())
    assert not problems(right, info)
    assert problems(TorchScriptNetwork(path=tmp_path / "no.pt"), info) == [f"path: {tmp_path / 'no.pt'} is missing"]
    (other,) = problems(right.model_copy(update={"path": tiny(36, seed=2)}), info)
    assert "has the SHA-256" in other
    assert problems(right.model_copy(update={"channels": 3}), info) == []
    assert problems(right.model_copy(update={"channels": 1}), DataInfo(ImageShape(3, 6, 6), {}))
    (tmp_path / "text.pt").write_text("no archive")
    with pytest.raises(DataError, match="is no TorchScript file"):
        TorchScriptNetwork(path=tmp_path / "text.pt").build(FakeSplits(info), CPU)


@pytest.mark.parametrize("classes", [True, False])
def test_a_network_that_gives_other_than_was_declared_is_refused(tiny: Callable[..., Path], classes: bool) -> None:
    network = TorchScriptNetwork(path=tiny(36, classes=not classes), classes=classes)
    with pytest.raises(DataError, match="see the field `classes`"):
        network.build(FakeSplits(DataInfo(ImageShape(1, 6, 6), {})), CPU)(torch.zeros(2, 1, 6, 6))


def test_a_range_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the first value is below the second"):
        TorchScriptNetwork(path=tmp_path, range=(1, 1))


@pytest.fixture(scope="module")
def inception_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of random weights of torch-fidelity's architecture: 95 MB."""
    from torch_fidelity import feature_extractor_inceptionv3 as theirs

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(theirs, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(theirs.FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        network = theirs.FeatureExtractorInceptionV3("inception", ["2048"])
    torch.manual_seed(0)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
    file = tmp_path_factory.mktemp("weights") / "inception.pth"
    torch.save(network.state_dict(), file)
    return file


class TestInception(FeatureNetworkSuite):
    image = ImageShape(3, 12, 12)
    built: ClassVar[dict[Path, FeatureExtractor]] = {}

    @pytest.fixture(autouse=True)
    def written(self, inception_weights: Path) -> None:
        self.component = InceptionNetwork(weights=inception_weights)

    def extractor(self) -> FeatureExtractor:
        """One for all tests: it is large."""
        assert isinstance(self.component, InceptionNetwork)
        assert self.component.weights is not None
        if self.component.weights not in self.built:
            self.built[self.component.weights] = super().extractor()
        return self.built[self.component.weights]

    def test_its_features_are_torch_fidelitys_of_images_of_8_bits(self) -> None:
        from torch_fidelity import FeatureExtractorInceptionV3

        assert isinstance(self.component, InceptionNetwork)
        images = self.images()[:1] * 0.999
        names = ["2048", "logits_unbiased"]
        theirs = FeatureExtractorInceptionV3("inception", names, str(self.component.weights))
        vector, logits = theirs(to_uint8(images))
        found = self.extractor()(images)
        assert torch.equal(found.vector, vector)
        assert found.logits is not None
        assert torch.equal(found.logits, logits)

    def test_gray_images_are_taken_as_colour_with_a_warning(self) -> None:
        with pytest.warns(UserWarning, match="is the better network"):
            extractor = self.component.build(FakeSplits(GRAY), CPU)
        gray = self.images()[:1, :1]
        assert torch.equal(extractor(gray).vector, extractor(gray.repeat(1, 3, 1, 1)).vector)

    def test_its_identity_has_the_files_hash(self) -> None:
        assert isinstance(self.component, InceptionNetwork)
        assert self.component.weights is not None
        identity = self.extractor().identity
        assert identity.weights == sha256(self.component.weights.read_bytes()).hexdigest()
        assert identity.version == library.name_and_version()


GRAY = DataInfo(ImageShape(1, 12, 12), {})
COLOUR = DataInfo(ImageShape(3, 12, 12), {})


def test_inception_refuses_another_file_than_the_one_it_was_told(tmp_path: Path) -> None:
    (tmp_path / "weights.pth").write_bytes(b"some")
    network = InceptionNetwork(weights=tmp_path / "weights.pth", sha256=sha256(b"other").hexdigest())
    (message,) = problems(network, GRAY)
    assert (
        message == f"weights: {network.weights} has the SHA-256 {sha256(b'some').hexdigest()}, and not {network.sha256}"
    )
    with pytest.raises(DataError, match="has the SHA-256"):
        network.build(FakeSplits(COLOUR), CPU)
    assert problems(InceptionNetwork(weights=tmp_path / "no.pth"), GRAY) == [
        f"weights: {tmp_path / 'no.pth'} is missing"
    ]


class Harmful:
    """What a pickle could execute."""

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return (exec, ("raise AssertionError('executed')",))


def test_inception_executes_no_code_in_a_file(tmp_path: Path) -> None:
    torch.save({"fc.weight": Harmful()}, tmp_path / "weights.pth")
    with pytest.raises(DataError, match=r"weights\.pth cannot be read"):
        InceptionNetwork(weights=tmp_path / "weights.pth").build(FakeSplits(COLOUR), CPU)


def test_weights_of_another_network_do_not_fit(tmp_path: Path) -> None:
    torch.save({"fc.weight": torch.zeros(2)}, tmp_path / "weights.pth")
    with pytest.raises(DataError, match=r"weights\.pth does not fit"):
        InceptionNetwork(weights=tmp_path / "weights.pth").build(FakeSplits(COLOUR), CPU)


def offline(*_: object, **__: object) -> None:
    raise URLError("no network")


def damaged(*_: object, **__: object) -> None:
    raise RuntimeError("invalid hash value")


@pytest.mark.parametrize("failing", [offline, damaged])
def test_without_a_network_the_weights_are_missed_before_training_with_the_remedy(
    failing: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", failing)
    (message,) = problems(InceptionNetwork(), GRAY)
    assert message.startswith("weights: the weights of inception are not in")
    assert "weights-inception-2015-12-05-6726825d.pth" in message
    assert '{"type": "inception", "weights": FILE}' in message
    with pytest.raises(DataError, match="cannot be downloaded"):
        InceptionNetwork().build(FakeSplits(COLOUR), CPU)


def test_downloaded_weights_are_checked_and_kept_where_torch_fidelity_looks_for_them(
    inception_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(url: str, file: str, hash_prefix: str) -> None:
        asked.append((url, hash_prefix))
        Path(file).symlink_to(inception_weights)

    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    assert not problems(InceptionNetwork(), GRAY)
    assert not problems(InceptionNetwork(), GRAY)
    ((url, prefix),) = asked
    assert prefix == "6726825d"
    assert (tmp_path / "checkpoints" / url.rpartition("/")[2]).exists()


def test_inception_takes_gray_and_coloured_pictures_alone() -> None:
    for shape in (ImageShape(4, 12, 12), ImageShape(1, 64), ImageShape(1, 1, 1)):
        assert "inception takes pictures" in problems(InceptionNetwork(weights=Path(__file__)), DataInfo(shape, {}))[0]


def test_without_the_extra_it_is_named_before_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "find_spec", lambda name: None)
    assert problems(InceptionNetwork(), GRAY) == [f"type: {library.MISSING}"]
    assert json.dumps("pip install 'gan-run[fidelity]'")[1:-1] in library.MISSING
