"""Adds ONNX Runtime Web to wheels, for `gan-run explore`. Everything else is in pyproject.toml."""

import importlib.util
import warnings
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

PACKAGE = Path("gan_run", "explorer")


class BuildWithRuntime(build_py):
    """Downloads it into the build, or into the source of an editable installation.

    Without a network the wheel lacks it, and gan-run downloads it on first use.
    """

    def run(self) -> None:
        super().run()
        spec = importlib.util.spec_from_file_location("runtime", Path(__file__).parent / "src" / PACKAGE / "runtime.py")
        assert spec is not None
        assert spec.loader is not None
        runtime = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(runtime)
        folder = runtime.BUILT_IN
        if not self.editable_mode:
            folder = Path(self.build_lib) / PACKAGE / folder.relative_to(runtime.HERE)
        try:
            runtime.fetch_runtime(folder)
        except OSError as error:
            warnings.warn(f"the wheel lacks ONNX Runtime Web: {error}", stacklevel=1)


setup(cmdclass={"build_py": BuildWithRuntime})
