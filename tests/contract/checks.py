"""The contract: every check there is. Those of streams and of ways to authenticate take a Case, those of words a
Connector; a check fails with AssertionError or with whatever error came unasked."""

from __future__ import annotations

from tests.contract.failing import FAILING
from tests.contract.guarding import GUARDING
from tests.contract.reading import READING
from tests.contract.wording import WORDING

OF_STREAMS = (*READING, *FAILING)
OF_METHODS = GUARDING
OF_WORDS = WORDING
