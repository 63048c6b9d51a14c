"""The renderer process that `apart` starts: reads a data source as JSON from standard input, renders and stores it."""

import json
import sys

from gan_run import DataError
from gan_run_rendered3d import gan_run_components
from gan_run_rendered3d.apart import REFUSED

declared = json.load(sys.stdin)
(source,) = (source for source in gan_run_components() if source.name() == declared["type"])
try:
    source.model_validate(declared).render_and_keep()
except DataError as error:
    print(error)
    sys.exit(REFUSED)
